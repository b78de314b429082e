"""The bound of writes, over a core that takes everything."""

from __future__ import annotations

import json

import pytest

from gateway.core.check.item_field import ItemField
from gateway.core.check.journal import NoJournal
from gateway.core.check.writes import MOST, NoWritesLeft, Writes
from gateway.resources.actions import actions
from legacy_client.single.seen import Seen


class TakesAll:
    """The calls of a core with one item."""

    def __init__(self):
        self.row = {"subtitle_en": "own"}
        self.written = []

    def look(self, _call):
        return self._seen()

    def update(self, call, _key, **_how):
        self.written.append(json.loads(call.body))
        self.row |= self.written[-1]
        return self._seen()

    def _seen(self):
        return Seen(status=200, headers=(), body=b"{}", seconds=0.0, reading=dict(self.row))


@pytest.fixture
def calls():
    return TakesAll()


@pytest.fixture
def make(calls):
    field = ItemField(actions(("en",), 1, lambda: None), "subtitle", ("en",))
    return lambda most: Writes(calls, None, NoJournal(), item_id="7", field=field, run="x", most=most)


def test_no_more_is_written_than_the_bound_and_what_was_written_is_put_back(calls, make):
    writes = make(MOST)
    writes.begin()
    for number in range(18):
        writes.write(f"value {number}")
    with pytest.raises(NoWritesLeft):
        writes.write("one more")

    assert writes.put_back()
    assert len(calls.written) == 19
    assert calls.row == {"subtitle_en": "own"}


def test_calls_at_once_count_each(calls, make):
    writes = make(4)
    writes.begin()
    with pytest.raises(NoWritesLeft):
        writes.write_at_once(*[("x", "key")] * 3)

    assert calls.written == []


def test_without_a_bound_above_zero_nothing_is_written(calls, make):
    writes = make(0)
    writes.begin()
    for write in (lambda: writes.write("x"), lambda: writes.write_at_once(("x", "key"))):
        with pytest.raises(NoWritesLeft):
            write()

    assert calls.written == []
    assert not writes.are_allowed


def test_nothing_is_written_before_the_value_to_put_back_is_known(calls, make):
    with pytest.raises(NoWritesLeft):
        make(MOST).write("x")

    assert calls.written == []


def test_putting_back_stays_within_the_bound_too(calls, make):
    writes = make(3)
    writes.begin()
    writes.write("x")
    calls.update = lambda call, _key, **_how: calls.written.append(call) or calls._seen()

    assert [writes.put_back() for _ in range(5)] == [False] * 5
    assert len(calls.written) == 3


def test_repeats_are_nothing_without_a_value(calls, make):
    for repeat in (
        lambda: make(MOST).repeat_own(10, 1, lambda _timing: True),
        lambda: make(MOST).repeat_own_over_lines("key", 10),
    ):
        with pytest.raises(NoWritesLeft):
            repeat()

    assert calls.written == []


def test_repeats_of_the_own_value_do_not_count(calls, make):
    writes = make(MOST)
    writes.begin()
    writes.repeat_own_over_lines("key", 20)

    assert calls.written == [{"subtitle_en": "own"}] * 20
    assert writes.made == 0
