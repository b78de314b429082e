"""What is measured at the file of a store: the transactions that write, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench import shared
from gateway.compiled import compiled

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    "gateway.admission.sqlite_file" in compiled(),
    reason="machine code calls its methods without a look at what was put in their place; the bench measures Python",
)


def test_a_keyed_batch_of_a_hundred_writes_three_times(tmp_path: Path) -> None:
    work = shared._keyed(tmp_path)
    # With the first the file is swept.
    work()

    with shared._watched() as spent:
        work()

    assert len(spent) == 3
    assert all(seconds > 0 for seconds in spent)


def test_a_rate_writes_once_and_its_look_does_not_count(tmp_path: Path) -> None:
    work = shared._rated(tmp_path)

    with shared._watched() as spent:
        work()

    assert len(spent) == 1


def test_what_is_alone_at_the_file_is_a_part_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "_ROUNDS", 2)

    for one in shared.held():
        assert 0 < one.holds < one.takes
