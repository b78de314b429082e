"""The pages of the docs and the README, and the blocks of code in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))
_FENCE = re.compile(r"^```(\w+)(?: title=\"(.*?)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block. ``page`` is the path from ``docs/``, ``number`` its place among its page's blocks."""

    page: str
    number: int
    title: str
    text: str

    def __str__(self) -> str:
        """Which block it is, for a test's name."""
        return f"{self.page}-{self.number}"


def blocks(language: str) -> list[Block]:
    """Every block of one language."""
    return [
        Block(
            page.relative_to(DOCS if page.is_relative_to(DOCS) else ROOT).as_posix(), number, found[2] or "", found[3]
        )
        for page in PAGES
        for number, found in enumerate(_FENCE.finditer(page.read_text(encoding="utf-8")))
        if found[1] == language
    ]
