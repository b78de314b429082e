"""What is wrong with a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


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
        where = ", ".join(filter(None, (self.label, problem.column)))
        value = f" (it is {problem.value!r})" if problem.value else ""
        return f"{where}: {problem.detail}{value}" if where else f"{problem.detail}{value}"
