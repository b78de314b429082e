"""Each setting, problem type, item code, validation code, metric and log event stands in the docs."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.reference.pages import PAGES, _table

FOLDER = Path(__file__).parents[4] / "docs" / "reference"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_in_the_docs_is_what_the_code_says(name):
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name](), "run: make reference"


def test_a_bar_in_a_text_does_not_end_its_cell():
    *_, row = _table(("code", "meaning"), [("`x`", "one|two")])

    assert row == r"| `x` | one\|two |"


def test_there_is_no_other_page():
    assert {path.name for path in FOLDER.glob("*.md")} == set(PAGES)
