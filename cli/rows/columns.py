"""The cells of a row of CSV → an item of the contract."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cli.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LIST_SEPARATOR = "|"
NOTES = ("_error_code", "_error", "_retryable")
"""Columns of a file of what failed; ignored when it is the next input."""

_SPREADSHEET_NUMBER = re.compile(r"[0-9]+([.,][0-9]+)?[eE][+]?[0-9]+|[0-9]+[.,]0+|[0-9]{1,3}([., '’][0-9]{3})+")
_ODD = {
    "\u00a0": "a non-breaking space",
    "\u202f": "a narrow non-breaking space",
    "\u2007": "a figure space",
    "\u200b": "an invisible zero-width space",
    "\ufeff": "an invisible byte order mark",
    "\u2018": "a typographic quote",
    "\u2019": "a typographic quote",
    "\u201c": "a typographic quote",
    "\u201d": "a typographic quote",
}
_find_odd = re.compile(rf"[{''.join(_ODD)}\x00-\x1f\x7f]").search
# What a spreadsheet shows in place of a formula's value.
_FORMULA_ERROR = re.compile(
    r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!|ERROR!|VALEUR!|NOM\?|NUL!|NOMBRE!|PROPAGATION!)|Err:[0-9]{3}"
)
_OTHER_SEPARATOR = re.compile(r"[0-9a-fA-F-]{36}([,;/ ]+[0-9a-fA-F-]{36})+")
_CONTRACT_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_DAY_NUMBER = re.compile(r"\d{4,6}([.,]\d+)?")

Cell = tuple[Any, Problem | None]


@dataclass(frozen=True, slots=True)
class Column:
    """``path`` is where its value stands in the item, empty for a column that is ignored. ``read`` makes the value."""

    name: str
    path: tuple[str, ...]
    read: Callable[[str, str], Cell]


def known_columns(languages: Sequence[str]) -> dict[str, Column]:
    """Every column by its name (``contract.md`` 1.2)."""
    words = ("category_action", "type_action", "status")
    columns = [Column("actionId", ("actionId",), _identifier)]
    columns += [Column(name, (name,), _word) for name in words]
    for name in ("title", "subtitle", "details"):
        columns += [Column(f"{name}.{language}", (name, language), _text) for language in languages]
        # Only to clear it: an object has a column for each language.
        columns.append(Column(name, (name,), _only_null))
    columns.append(Column("partner_ids", ("partner_ids",), _list))
    columns += [Column(name, (name,), _time) for name in ("effective_date", "due_date", "expires_at")]
    return {column.name: column for column in columns}


def ignored(name: str) -> Column:
    return Column(name, (), _text)


def item_of(columns: Sequence[Column], cells: Sequence[str], null: str | None) -> tuple[dict[str, Any], list[Problem]]:
    """An empty cell is an absent field; a cell that is ``null`` is null."""
    item: dict[str, Any] = {}
    problems = []
    for column, cell in zip(columns, cells, strict=False):
        if not cell or not column.path:
            continue
        value, problem = (None, None) if cell == null else column.read(column.name, cell)
        if problem:
            problems.append(problem)
        _put(item, column.path, value)
    return item, problems


def _put(item: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    *outer, name = path
    for part in outer:
        held = item.get(part)
        # Beside a null for the whole, a text of one language is a contradiction that the schema tells.
        item = item.setdefault(part, {}) if isinstance(held, dict) or part not in item else {}
    item[name] = value


def odd_character(cell: str) -> str:
    """What a word processor put into an id or a word, in words; empty where there is nothing."""
    if found := _find_odd(cell):
        what = _ODD.get(found[0], f"a control character, U+{ord(found[0]):04X},")
        return f"Has {what} in it; type it again."
    if failed := _failed_formula(cell):
        return failed
    return "Has a space before or after it; remove it." if cell != cell.strip() else ""


def _failed_formula(cell: str) -> str:
    """Where a spreadsheet has put its word for an error in the place of a value; else empty."""
    if cell.startswith(("#", "Err:")) and _FORMULA_ERROR.fullmatch(cell):
        return "Is a spreadsheet's word for a formula that failed; enter the value."
    return ""


def _identifier(name: str, cell: str) -> Cell:
    if odd := odd_character(cell):
        return cell, Problem(name, "odd_character", odd, cell)
    if _SPREADSHEET_NUMBER.fullmatch(cell):
        detail = "A spreadsheet changed this id; format the column as text and enter the id again."
        return cell, Problem(name, "spreadsheet_number", detail, cell)
    return cell, None


def _word(name: str, cell: str) -> Cell:
    odd = odd_character(cell)
    return cell, Problem(name, "odd_character", odd, cell) if odd else None


def _text(name: str, cell: str) -> Cell:
    failed = _failed_formula(cell)
    return cell, Problem(name, "odd_character", failed, cell) if failed else None


def _only_null(name: str, cell: str) -> Cell:
    detail = f"Texts stand in a column for each language, such as {name}.en; this one takes only the word of --null."
    return cell, Problem(name, "not_by_language", detail, cell)


def _list(name: str, cell: str) -> Cell:
    entries = [entry.strip(" ") for entry in cell.split(LIST_SEPARATOR)]
    if any(map(_OTHER_SEPARATOR.fullmatch, entries)):
        return entries, Problem(
            name, "other_separator", f"Write {LIST_SEPARATOR} between entries, and nothing else.", cell
        )
    odd = next(filter(None, map(odd_character, entries)), "")
    return entries, Problem(name, "odd_character", odd, cell) if odd else None


def _time(name: str, cell: str) -> Cell:
    if _CONTRACT_TIME.fullmatch(cell):
        return cell, None
    if odd := odd_character(cell):
        return cell, Problem(name, "odd_character", odd, cell)
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        return cell, Problem(name, "invalid_timestamp", _advice_on_time(cell), cell)
    if _DAY.fullmatch(cell):
        return cell, Problem(
            name, "no_time", f"Is a day without a time: add it, such as {cell} 00:00:00 for UTC.", cell
        )
    if moment.tzinfo is None:
        detail = "Has no zone: write YYYY-MM-DD HH:MM:SS for UTC, or add the zone, such as +02:00 or Z."
        return cell, Problem(name, "no_zone", detail, cell)
    try:
        return in_utc(moment), None
    except OverflowError:
        return cell, Problem(name, "invalid_timestamp", "Is before the year 1 or after the year 9999 in UTC.", cell)


def _advice_on_time(cell: str) -> str:
    """For what is no time at all."""
    if _DAY_NUMBER.fullmatch(cell):
        return "Is a spreadsheet's number of a day; format the column as yyyy-mm-dd hh:mm:ss, in UTC."
    return "Must be YYYY-MM-DD HH:MM:SS in UTC, or ISO 8601 with a zone, such as 2024-01-10T08:51:15+02:00."


def in_utc(moment: datetime) -> str:
    """In the contract's form. Raises OverflowError."""
    # strftime writes years before 1000 without their zeros on some machines.
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat(sep=" ")


def cell_of(columns: Sequence[Column], cells: Sequence[str], name: str) -> str:
    """The cell of the column ``name``, or of the first that ``name`` leads into; empty where there is none."""
    for column, cell in zip(columns, cells, strict=False):
        if column.name == name or name.startswith(f"{column.name}."):
            return cell
    return ""


def values_of(columns: Mapping[str, Column]) -> list[str]:
    """The names that a header may have, as they are shown; those that only clear are left out."""
    return [name for name, column in columns.items() if column.read is not _only_null]
