"""Every row against the contract, before anything is sent.

The schemas are those of the gateway. What only a spreadsheet can break is told by the reader of the row.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cli.cutting import item_bytes
from cli.errors import InvalidInput, Refused
from cli.problem import Problem, RowError
from cli.rows.columns import cell_of
from cli.rows.csv_rows import CsvRows
from schemas.actions import ActionUpdateSchema
from schemas.compiled import compile_loader
from schemas.error_list import leaves
from schemas.messages import code_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cli.rows.row import Row, Rows

_LISTED = 1_000
"""Errors that are kept; the others are counted."""

_ID = "actionId"
_SHOWN = 60


@dataclass(slots=True)
class Checked:
    """``items`` rows, of which ``invalid`` have the ``errors``, the first of ``total``."""

    items: int = 0
    invalid: int = 0
    total: int = 0
    errors: list[RowError] = field(default_factory=list)

    def add(self, found: Sequence[RowError]) -> None:
        self.invalid += bool(found)
        self.total += len(found)
        self.errors += found[: _LISTED - len(self.errors)]

    def demand_valid(self) -> None:
        """Raises InvalidInput."""
        if self.total:
            raise InvalidInput(self.errors, self.total, self.invalid)


def check(rows: Rows, languages: Sequence[str], max_bytes: int) -> Checked:
    """All rows. No item may have more than ``max_bytes`` as JSON. Raises Refused where the input cannot be read."""
    checked, rules = Checked(), Rules(languages, max_bytes)
    # Ids are kept on disk, so that memory stays flat whatever the size.
    with closing(_Ids()) as ids:
        for row in rows.read(rows.start, None, rows.first_line):
            checked.items += 1
            label = f"{rows.label} {row.line}"
            problems = [*rules.problems(rows, row), *ids.problems(row, rows.label)]
            checked.add([RowError(label, problem) for problem in problems])
    if not checked.items:
        raise Refused("there is no row with an update in it; nothing was sent")
    return checked


class Rules:
    """The schema of one item, and what a request can hold."""

    def __init__(self, languages: Sequence[str], max_bytes: int) -> None:
        self._load = compile_loader(ActionUpdateSchema(languages=languages))
        self._max_bytes = max_bytes

    def problems(self, rows: Rows, row: Row) -> Iterator[Problem]:
        yield from row.problems
        messages: dict[Any, Any] = {}
        if not (row.problems and not row.item):
            self._load(row.item, messages)
        told = {problem.column for problem in row.problems}
        for path, message in leaves(messages):
            column = path or ""
            if column.partition(".")[0] not in told and column not in told:
                yield _problem(column, message, _text(rows, row, column))
        if not messages and len(item_bytes(row.item)) > self._max_bytes:
            yield Problem("", "too_large", f"Is larger than the {self._max_bytes:,} bytes that a request may have.")


class _Ids:
    """Where each id was first seen."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("CREATE TABLE ids (id TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("BEGIN")

    def problems(self, row: Row, label: str) -> Iterator[Problem]:
        identifier = str(row.item.get(_ID, "")).lstrip("0")
        if not identifier:
            return
        added = self._database.execute("INSERT OR IGNORE INTO ids VALUES (?, ?)", (identifier, row.line))
        if not added.rowcount:
            [(first,)] = self._database.execute("SELECT line FROM ids WHERE id = ?", (identifier,))
            detail = f"Names the same action as {label} {first}; name each action once."
            yield Problem(_ID, "duplicate_action_id", detail, identifier)

    def close(self) -> None:
        self._database.close()


def _problem(column: str, message: Any, text: str) -> Problem:
    detail, code = str(message), code_of(message)
    if code == "too_long":
        detail += f" It has {len(text):,}."
    return Problem(column, code, detail, text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def _text(rows: Rows, row: Row, column: str) -> str:
    """The text of the cell, or of the JSON value; empty where there is none to show."""
    if isinstance(rows, CsvRows):
        text = cell_of(rows.columns, row.cells, column)
    else:
        value: Any = row.item
        for part in column.split("."):
            value = _inner(value, part)
        text = "" if value is None or isinstance(value, dict | list) else str(value)
    return text


def _inner(value: Any, part: str) -> Any:
    if isinstance(value, dict):
        return value.get(part)
    if isinstance(value, list) and part.isdigit() and int(part) < len(value):
        return value[int(part)]
    return None
