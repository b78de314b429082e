"""What holds for every test of the suite."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import settings

TESTS = Path(__file__).parent.parent


def test_no_example_of_a_property_is_timed() -> None:
    timed = {
        path.relative_to(TESTS).as_posix()
        for path in TESTS.rglob("*.py")
        if re.search(r"\bsettings\([^)]*\bdeadline=", path.read_text(encoding="utf-8"), re.DOTALL)
    }

    assert settings.default.deadline is None
    assert timed == set()


def test_a_unit_test_starts_no_process() -> None:
    starts = re.compile(
        r"^ *(?:import|from) (?:subprocess|multiprocessing)\b|\bos\.(?:fork|posix_spawn|system)\(", re.MULTILINE
    )
    starting = {
        path.relative_to(TESTS).as_posix()
        for path in (TESTS / "unit").rglob("*.py")
        if starts.search(path.read_text(encoding="utf-8")) and path != Path(__file__)
    }

    assert starting == set()
