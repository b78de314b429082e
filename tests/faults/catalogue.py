"""The catalogue of faults as ``docs/reliability.md`` shows it: what is looked for, and the tests that inject it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
_FILE = re.compile(r"^- `([\w-]+)`: `(tests/[\w/]+\.py)`$", re.MULTILINE)
_ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)
_TEST = re.compile(r"`([\w-]+)::([^`]+)`")


class Row(NamedTuple):
    """A fault by its number, and the tests that show what becomes of it, as pytest names them."""

    number: int
    fault: str
    behaviour: str
    tests: tuple[str, ...]


def short_names(page: str) -> dict[str, str]:
    """What the page calls the files of tests."""
    return dict(_FILE.findall(page))


def rows(page: str | None = None) -> list[Row]:
    """The rows of the page. Raises KeyError for a test of a file that the page does not name."""
    page = PAGE.read_text(encoding="utf-8") if page is None else page
    files = short_names(page)
    return [
        Row(int(number), fault, behaviour, tuple(f"{files[name]}::{test}" for name, test in _TEST.findall(tests)))
        for number, fault, behaviour, tests in _ROW.findall(page)
    ]
