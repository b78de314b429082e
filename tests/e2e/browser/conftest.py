"""``chromium``: a browser of the test's own; tests that ask for it are skipped where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.browser.chromium import EXECUTABLE, Chromium

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[Chromium]:
    if EXECUTABLE is None:
        pytest.skip("chromium is not installed")
    with Chromium(tmp_path / "profile") as browser:
        yield browser
