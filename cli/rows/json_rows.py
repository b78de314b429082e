"""Rows of NDJSON: one item of the contract in each line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cli.problem import Problem
from cli.rows.columns import NOTES
from cli.rows.row import Row
from cli.rows.text_lines import TextLines, after_bom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class JsonRows:
    """``label`` is what a row is called: of a JSON array that was spooled as lines, it is an item."""

    first_line = 1

    def __init__(self, path: Path, label: str = "line") -> None:
        self._path = path
        self.label = label
        with path.open("rb") as file:
            self.start = after_bom(file)

    def read(self, start: int, end: int | None, line: int) -> Iterator[Row]:
        """An empty line counts, and is left out."""
        with self._path.open("rb") as file:
            lines = TextLines(file, start, end)
            while True:
                began = lines.row_began = lines.at
                text = next(lines, None)
                if text is None:
                    return
                if text.strip():
                    yield _row(began, lines.at, line, text)
                line += 1


def _row(start: int, end: int, line: int, text: str) -> Row:
    item, problem = read_item(text)
    return Row(start, end, line, item, (), [problem] if problem else [])


def read_item(text: str) -> tuple[dict[str, Any], Problem | None]:
    """One object, as strict as the gateway reads it: no name twice, no NaN, no half of a surrogate pair."""
    try:
        item = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
        text.encode()
        json.dumps(item, ensure_ascii=False).encode()
    except _Fault as exc:
        return {}, Problem("", "invalid_json", str(exc))
    except UnicodeEncodeError:
        return {}, Problem("", "invalid_json", "Has half of a surrogate pair, which is no character.")
    except json.JSONDecodeError as exc:
        return {}, Problem("", "invalid_json", f"Is not JSON: {exc.msg} at character {exc.pos + 1}.")
    except (ValueError, RecursionError):
        return {}, Problem(
            "", "invalid_json", "Is not JSON that can be read: a number is too long or it nests too deep."
        )
    if not isinstance(item, dict):
        return {}, Problem("", "invalid_type", "Must be an object.")
    return {name: value for name, value in item.items() if name not in NOTES}, None


class _Fault(Exception):
    """What strict JSON forbids."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Fault(f"Has the name {twice[:50]!r} twice.")
    return found


def _refuse(word: str) -> Any:
    raise _Fault(f"{word} is no JSON.")
