"""The page of words names what there is, and no word twice."""

from __future__ import annotations

import ast
import re

import pytest

from tests.docs import DOCS, ROOT

_ROW = re.compile(r"^\| ([^|]+?) \| [^|]+ \| `([\w/]+\.py)(?::(\w+))?` \|$", re.MULTILINE)
ROWS = _ROW.findall((DOCS / "maintainers" / "words.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("word", "file", "name"), ROWS, ids=[row[0] for row in ROWS])
def test_each_word_leads_to_its_place(word: str, file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    defined = {node.name for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}

    assert not name or name in defined


def test_no_word_has_two_meanings_and_no_row_is_left_out() -> None:
    words = [word for word, _, _ in ROWS]
    lines = (DOCS / "maintainers" / "words.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| word ")]

    assert len(words) == len(set(words)) == len(rows)
