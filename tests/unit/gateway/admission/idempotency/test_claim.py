"""What a batch writes down while it runs, over a record that may refuse."""

from __future__ import annotations

import pytest

from gateway.admission.idempotency.claim import Claim, open_claim
from gateway.admission.idempotency.journal import Entry, items_event, replay, sent_event
from gateway.admission.idempotency.policy import ClaimPolicy, StoreUnavailable
from tests.unit.gateway.admission.clocks import FakeClock


class MemoryRecord:
    """A record that keeps its events, and refuses while ``is_down``."""

    def __init__(self, *events: bytes) -> None:
        self.events = list(events)
        self.base = len(events)
        self.is_down = False
        self.calls = 0
        self.closed: bool | None = None

    def append(self, events) -> None:
        self._write(events)

    def close(self, events, *, complete) -> None:
        self._write(events)
        self.closed = complete

    def rollback(self) -> None:
        self._write([])
        del self.events[self.base :]

    def _write(self, events) -> None:
        self.calls += 1
        if self.is_down:
            raise StoreUnavailable("down")
        self.events += events


@pytest.fixture
def record():
    return MemoryRecord()


@pytest.fixture
def clock():
    return FakeClock()


POLICY = ClaimPolicy(window=8)


def fresh(record, items, clock=None):
    record.events.append(POLICY.first_mark(items))
    return Claim(record, {}, items=items, prefix="x", policy=POLICY, clock=clock or FakeClock())


def finals(*indexes):
    return [Entry(index, "final", index) for index in indexes]


def marked(record):
    return sorted(replay(record.events))


@pytest.mark.parametrize("items", [1, 7, 8, 9, 16, 17, 100])
def test_no_item_leaves_before_it_is_marked(record, items):
    before_send = fresh(record, items).sent_hook(lambda: pytest.fail("nothing failed"))

    for position in range(items):
        before_send(position)
        assert position in marked(record)

    assert marked(record) == list(range(items))


def test_marks_are_written_by_the_window_and_not_by_the_item(record):
    before_send = fresh(record, 80).sent_hook(lambda: None)

    for position in range(80):
        before_send(position)

    assert record.calls == 9


def test_an_item_that_is_tried_again_needs_no_new_mark(record):
    before_send = fresh(record, 16).sent_hook(lambda: None)
    for position in [*range(16), 3, 9, 15]:
        before_send(position)

    assert record.calls == 1


def test_where_a_mark_cannot_be_written_sending_stops_while_all_that_left_is_marked(record):
    stops = []
    before_send = fresh(record, 80).sent_hook(lambda: stops.append("stop"))
    left = []
    for position in range(80):
        record.is_down = position > 20
        before_send(position)
        if stops:
            break
        left.append(position)

    assert stops == ["stop"]
    assert set(left) <= set(marked(record))
    assert len(left) > 20


def test_a_store_that_refused_a_mark_is_not_asked_for_each_item_that_is_still_on_its_way(record):
    before_send = fresh(record, 80).sent_hook(lambda: None)
    record.is_down = True
    for position in range(8):
        before_send(position)

    assert record.calls == 1


def test_results_are_written_in_chunks(record):
    claim = fresh(record, 200)
    for index in range(200):
        claim.record(finals(index))

    assert record.calls == 3
    claim.finish()
    assert [entry.state for entry in replay(record.events).values()] == ["final"] * 200


def test_results_of_a_slow_batch_are_written_when_they_have_waited_long_enough(record, clock):
    claim = fresh(record, 3, clock)
    claim.record(finals(0))
    assert record.calls == 0
    clock.advance(0.3)
    claim.record(finals(1))

    assert replay(record.events)[1].state == "final"


def test_nothing_is_written_for_nothing(record, clock):
    claim = fresh(record, 3, clock)
    clock.advance(1)
    claim.record([])

    assert record.calls == 0


def test_results_that_could_not_be_written_are_tried_again_but_not_for_each_item(record, clock):
    claim = fresh(record, 300, clock)
    record.is_down = True
    for index in range(200):
        claim.record(finals(index))
    assert record.calls == 1
    record.is_down = False
    clock.advance(1.1)
    claim.record(finals(200))
    claim.record(finals(*range(201, 265)))

    assert [entry.state for entry in replay(record.events).values()].count("final") == 265
    assert record.calls == 3


def test_a_finish_that_fails_is_logged_and_raises_nothing(record, caplog):
    claim = fresh(record, 3)
    claim.record(finals(0, 1, 2))
    record.is_down = True
    claim.finish()

    assert [entry.message for entry in caplog.records] == ["idempotency_finish_failed"]


@pytest.mark.parametrize(
    ("entries", "complete"),
    [(finals(0, 1, 2), True), (finals(0, 1), False), ([*finals(0, 1), Entry(2, "open")], False)],
)
def test_a_record_is_complete_when_every_item_is_final(record, entries, complete):
    claim = fresh(record, 3)
    claim.record(entries)
    claim.finish()

    assert record.closed is complete


def resumed(record, items=3, **policy):
    rules = ClaimPolicy(**{"window": 8, **policy})
    return open_claim(record, list(record.events), is_held=True, items=items, prefix="x", policy=rules)


def test_a_resume_marks_its_first_window_before_it_is_handed_out():
    record = MemoryRecord(sent_event(0, 3), items_event([*finals(0), Entry(1, "open"), Entry(2, "open")]))

    assert list(resumed(record).to_send) == [1, 2]
    assert [entry.state for entry in replay(record.events).values()] == ["final", "unknown", "unknown"]


def test_a_resume_whose_first_mark_fails_is_no_claim(caplog):
    record = MemoryRecord(sent_event(0, 3), items_event([Entry(1, "open")]))
    record.is_down = True

    with pytest.raises(StoreUnavailable, match="first mark"):
        resumed(record)


def test_a_record_with_nothing_to_send_is_given_back_at_once():
    record = MemoryRecord(sent_event(0, 3))

    claim = resumed(record)
    claim.record([])
    claim.finish()
    claim.abandon()

    assert (claim.kind, record.closed, record.calls) == ("replay", False, 1)


def test_a_payload_of_an_earlier_attempt_is_dropped_when_the_item_is_sent_again():
    entries = replay([sent_event(0, 1), items_event([Entry(0, "open", "busy")]), sent_event(0, 1)])

    assert entries == {0: Entry(0, "unknown", None)}


@pytest.mark.parametrize(
    "event",
    [b"", b"nonsense", b"[]", b"{}", b'{"sent":5}', b'{"sent":["a","b"]}', b'{"items":[1]}', b'{"items":[[1]]}'],
)
def test_bytes_that_are_no_journal_are_an_unavailable_store(event):
    with pytest.raises(StoreUnavailable):
        resumed(MemoryRecord(event))


def test_what_is_marked_is_not_marked_again(record):
    claim = fresh(record, 16)

    assert claim.sent_upto(8)
    assert record.calls == 0
    assert claim.sent_upto(16)
    assert claim.sent_upto(16)
    assert record.calls == 1
