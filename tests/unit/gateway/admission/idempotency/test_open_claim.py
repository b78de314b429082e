"""A claim is opened over what its record has: it goes on where an earlier run ended, or is given back."""

from __future__ import annotations

import pytest

from gateway.admission.idempotency.errors import RecordUnusable, StoreUnavailable
from gateway.admission.idempotency.journal import Entry, items_event, replay, sent_event
from gateway.admission.idempotency.keeping import Keeper
from gateway.admission.idempotency.store import open_claim
from tests.doubles.rules import claim_policy
from tests.unit.gateway.admission.idempotency.batches import POLICY, MemoryRecord, finals


def resumed(record, items=3, **policy):
    rules = claim_policy(**{"window": 8, **policy})
    return open_claim(
        record,
        list(record.events),
        is_held=True,
        items=items,
        prefix="x",
        policy=rules,
        keeper=Keeper(),
        let_others_run=bool,
    )


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
    entries = replay([sent_event(0, 1), items_event([Entry(0, "open", b'"busy"')]), sent_event(0, 1)])

    assert entries == {0: Entry(0, "unknown")}


@pytest.mark.parametrize(
    "event",
    [b"", b"nonsense", b"[]", b"{}", b'{"sent":5}', b'{"sent":["a","b"]}', b'{"items":[1]}', b'{"items":[[1]]}'],
)
def test_bytes_that_are_no_journal_are_an_unavailable_store(event):
    with pytest.raises(StoreUnavailable):
        resumed(MemoryRecord(event))


@pytest.mark.parametrize("is_down", [False, True])
def test_a_claim_whose_record_cannot_be_read_to_its_end_is_given_back(record, keeper, is_down):
    def breaking_off():
        yield sent_event(0, 3)
        raise StoreUnavailable("away")

    record.append([b"the claim"])
    record.is_down = is_down
    with pytest.raises(StoreUnavailable, match="away"):
        open_claim(
            record, breaking_off(), is_held=True, items=3, prefix="x", policy=POLICY, keeper=keeper, let_others_run=bool
        )
    record.is_down = False
    keeper.write_now()

    assert record.events == []


def test_a_claim_whose_record_makes_no_sense_is_given_back(record, keeper):
    record.append([b"the claim"])

    with pytest.raises(RecordUnusable):
        open_claim(
            record, [b"nonsense"], is_held=True, items=3, prefix="x", policy=POLICY, keeper=keeper, let_others_run=bool
        )
    assert record.events == []
