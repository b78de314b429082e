"""Claims that nobody holds are taken back once Redis answers, in whatever order it reads what it was sent."""

from __future__ import annotations

import threading
import time

import pytest

from gateway.admission.idempotency.errors import LeaseLost, StoreUnavailable
from gateway.admission.idempotency.undo import Undoing

DOWN, REFUSED, DONE = StoreUnavailable("down"), LeaseLost(), None


class Record:
    """Answers each attempt as it is told, and says how many there were."""

    def __init__(self, *answers: StoreUnavailable | None) -> None:
        self._answers = list(answers)
        self.attempts = 0

    def undo(self) -> None:
        self.attempts += 1
        if (answer := self._answers[min(self.attempts, len(self._answers)) - 1]) is not None:
            raise answer


@pytest.fixture
def undoing():
    made = Undoing(0.001)
    yield made
    made.close()


def settle(undoing: Undoing) -> None:
    give_up = time.monotonic() + 10
    while undoing.has_any:
        assert time.monotonic() < give_up


@pytest.mark.parametrize(
    ("answers", "attempts"),
    [
        ([DONE], 1),
        ([DOWN, DOWN, DONE], 3),
        ([REFUSED, DONE], 2),
        ([REFUSED, REFUSED, DONE], 2),
        ([DOWN, REFUSED, DOWN, REFUSED], 4),
    ],
    ids=["at-once", "after-an-outage", "the-claim-came-late", "there-was-nothing", "all-of-it"],
)
def test_it_tries_until_the_claim_is_gone_or_twice_was_not_there(undoing, answers, attempts):
    record = Record(*answers)

    undoing.add(record)
    settle(undoing)

    assert record.attempts == attempts


def test_a_second_one_is_taken_back_after_the_first_is_done(undoing):
    for _ in range(3):
        record = Record(DONE)
        undoing.add(record)
        settle(undoing)

        assert record.attempts == 1


class HeldRecord(Record):
    """Its first attempt waits until it may go on."""

    def __init__(self, may_go_on: threading.Event) -> None:
        super().__init__(DOWN)
        self._may_go_on = may_go_on

    def undo(self) -> None:
        self._may_go_on.wait(10)
        super().undo()


def test_while_redis_is_away_only_one_of_many_is_tried_at_a_time():
    undoing, all_are_there = Undoing(0.001), threading.Event()
    # Far more than are tried before a test on a busy machine sees the third.
    records = [HeldRecord(all_are_there) for _ in range(5_000)]
    for record in records:
        undoing.add(record)
    all_are_there.set()
    give_up = time.monotonic() + 10
    while sum(record.attempts for record in records) < 3 and time.monotonic() < give_up:
        time.sleep(0.001)

    undoing.close()

    assert max(record.attempts for record in records) == 1
    assert sum(record.attempts for record in records) < 5_000


def test_nothing_is_tried_after_the_end():
    undoing, record = Undoing(0.001), Record(DONE)
    undoing.close()

    undoing.add(record)

    assert (record.attempts, undoing.has_any) == (0, True)
