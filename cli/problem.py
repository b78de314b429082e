"""What is wrong with a row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

# Entries of a list are counted from 0 in a dotted name, and from 1 by people.
_ENTRY = re.compile(r"\.(\d+)$")


class Problem(NamedTuple):
    """What is wrong with a value. ``column`` is a dotted name, empty for the whole row; ``value`` is the row's own text."""

    column: str
    code: str
    detail: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class RowError:
    """``label`` says which row, as ``row 17``; empty for the input as a whole."""

    label: str
    problem: Problem

    def __str__(self) -> str:
        problem = self.problem
        column = _ENTRY.sub(lambda found: f" (entry {int(found[1]) + 1})", problem.column)
        where = ", ".join(filter(None, (self.label, column)))
        value = f" (it is {problem.value!r})" if problem.value else ""
        return f"{where}: {problem.detail}{value}" if where else f"{problem.detail}{value}"
