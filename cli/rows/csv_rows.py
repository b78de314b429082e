"""Rows of CSV (RFC 4180, with other delimiters), read from any row on."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from cli.errors import Refused
from cli.problem import Problem
from cli.rows.columns import NOTES, Column, ignored, item_of, known_columns, values_of
from cli.rows.row import Row
from cli.rows.text_lines import TextLines, after_bom

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_GUESSED = (",", ";", "\t")
_OTHERS = ("|", ":")
_SHOWN = 60
_ID = "actionId"


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvOptions:
    """``delimiter`` empty: guessed. ``null`` is the text that stands for null. ``ignore`` are columns without a meaning."""

    delimiter: str = ""
    null: str | None = None
    ignore: tuple[str, ...] = ()


class CsvRows:
    """Raises Refused for a header that is not the contract's."""

    label = "row"
    first_line = 2

    def __init__(self, path: Path, options: CsvOptions, languages: Sequence[str]) -> None:
        self._path = path
        self._options = options
        with path.open("rb") as file:
            lines = TextLines(file, after_bom(file))
            self.has_bom = lines.at > 0
            header = self._header_text(lines)
            self.start = lines.at
        self.delimiter = options.delimiter or _guess(header, known_columns(languages))
        self.header = _split(header, self.delimiter)
        known = known_columns(languages)
        if known.keys().isdisjoint(self.header):
            raise Refused(_no_header(header, known))
        self.columns = _columns(self.header, known, options.ignore)

    def read(self, start: int, end: int | None, line: int) -> Iterator[Row]:
        """A row whose cells are all empty counts, and is left out."""
        with self._path.open("rb") as file:
            lines = TextLines(file, start, end)
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
            while True:
                began, lines_before = lines.at, reader.line_num
                lines.row_began = began
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as exc:
                    raise Refused(f"row {line}: {_csv_error(exc, reader.line_num - lines_before)}") from exc
                if any(cells):
                    yield self._row(began, lines.at, line, cells)
                line += 1

    def _row(self, start: int, end: int, line: int, cells: Sequence[str]) -> Row:
        item, problems = item_of(self.columns, cells, self._options.null)
        if any(cells[len(self.columns) :]):
            detail = f"Has {len(cells)} cells, and the header {len(self.columns)}; put cells with a {self.delimiter!r} in quotes."
            problems.append(Problem("", "too_many_cells", detail))
        return Row(start, end, line, item, cells, problems)

    def _header_text(self, lines: TextLines) -> str:
        try:
            return next(lines).rstrip("\r\n")
        except StopIteration:
            raise Refused("the file is empty; its first row must name the columns") from None


def _guess(header: str, known: dict[str, Column]) -> str:
    """The delimiter that makes most known names of it; a comma where none does."""
    return max(_GUESSED, key=lambda delimiter: len(known.keys() & set(_split(header, delimiter))))


def _split(header: str, delimiter: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
    except StopIteration:
        return []
    except csv.Error as exc:
        raise Refused(f"row 1: {_csv_error(exc, 1)}") from exc


def _no_header(header: str, known: dict[str, Column]) -> str:
    """Why a first line without one known name is refused."""
    for delimiter in _OTHERS:
        if not known.keys().isdisjoint(_split(header, delimiter)):
            return f"row 1: its names stand between {delimiter!r}, which is not guessed: --delimiter {delimiter!r}"
    shown = header if len(header) <= _SHOWN else f"{header[:_SHOWN]}…"
    return (
        f"row 1 must name the columns, and none of it is known: {shown!r}. Columns are: {', '.join(values_of(known))}"
    )


def _columns(header: Sequence[str], known: dict[str, Column], ignore: Sequence[str]) -> list[Column]:
    """Raises Refused, with everything that is wrong with the header."""
    without_meaning = {*NOTES, *ignore}
    faults = [_fault(name, known) for name in header if name and name not in known and name not in without_meaning]
    faults += [
        f"column {name!r} stands there twice" for name in dict.fromkeys(header) if name and header.count(name) > 1
    ]
    if "" in header[: _last_named(header)]:
        faults.append(f"column {header.index('') + 1} has no name")
    if _ID not in header:
        faults.append(f"there is no column {_ID!r}")
    if faults:
        raise Refused(f"row 1: {'; '.join(faults)}. Columns are: {', '.join(values_of(known))}")
    return [known[name] if name in known and name not in ignore else ignored(name) for name in header]


def _last_named(header: Sequence[str]) -> int:
    return max((place for place, name in enumerate(header) if name), default=0)


def _fault(name: str, known: dict[str, Column]) -> str:
    field, dot, language = name.partition(".")
    if dot and field in known and (taken := _languages(field, known)):
        return f"column {name!r}: {language!r} is none of the languages {', '.join(taken)}"
    by_lower = {one.lower(): one for one in known}
    near = get_close_matches(name.lower(), by_lower, n=1)
    hint = f" (is {by_lower[near[0]]!r} meant?)" if near else f" (to leave it out: --ignore {name!r})"
    return f"column {name!r} is not known{hint}"


def _languages(field: str, known: dict[str, Column]) -> list[str]:
    return [name.partition(".")[2] for name in known if name.startswith(f"{field}.")]


def _csv_error(error: csv.Error, lines: int) -> str:
    """``lines`` is how many the row has up to there."""
    text = str(error)
    if "field larger" in text:
        return "a cell is longer than 131,072 characters; is a quote not closed?"
    if "unexpected end" in text:
        return "a quote is not closed"
    if "expected after" in text and lines > 1:
        return f"a cell in quotes goes on over {lines} lines up to another quote; is its quote not closed?"
    if "expected after" in text:
        return "a quote inside a quoted cell must be doubled, and nothing may follow the closing one"
    return "line ends must be LF or CRLF; save it as CSV UTF-8" if "new-line" in text else text
