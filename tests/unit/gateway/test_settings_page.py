"""The page of settings in the docs is the one that the code prints."""

from __future__ import annotations

from pathlib import Path

from gateway.settings_page import page

DOCS = Path(__file__).parents[3] / "docs" / "settings.md"


def test_the_page_in_the_docs_is_up_to_date():
    assert DOCS.read_text(encoding="utf-8") == page(), "run: make settings-page"
