"""Each setting has a test; that it has a sentence in a guide is held by `test_docs`."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import get_type_hints

import pytest

from gateway.settings import Settings

ROOT = Path(__file__).parents[2]
NAMES = sorted(field.name for group in get_type_hints(Settings).values() for field in dataclasses.fields(group))


def words_of(files) -> set[str]:
    return {word for file in files for word in re.findall(r"\w+", file.read_text().lower())}


@pytest.fixture(scope="module")
def tests() -> set[str]:
    return {word.removeprefix("gateway_") for word in words_of((ROOT / "tests").rglob("*.py"))}


def test_there_are_settings():
    assert len(NAMES) > 50


@pytest.mark.parametrize("name", NAMES)
def test_a_test_shows_what_it_does(name, tests):
    assert name in tests
