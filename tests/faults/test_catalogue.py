"""The page about reliability names a test for each fault, and each test that it names exists."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.faults.catalogue import PAGE, rows, short_names

ROOT = Path(__file__).parents[2]
ROWS = rows()


def test_every_fault_has_its_row_and_every_row_a_test() -> None:
    assert len(ROWS) == 122
    assert [row.number for row in ROWS] == list(range(1, len(ROWS) + 1))
    assert [row.number for row in ROWS if not row.tests] == []


@pytest.mark.parametrize("row", ROWS, ids=[str(row.number) for row in ROWS])
def test_the_tests_of_a_row_exist(row) -> None:
    for test in row.tests:
        path, _, name = test.partition("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert name.partition("[")[0] in names, test


def test_every_file_that_the_page_names_is_used() -> None:
    assert set(short_names(PAGE.read_text(encoding="utf-8")).values()) == {
        test.partition("::")[0] for row in ROWS for test in row.tests
    }
