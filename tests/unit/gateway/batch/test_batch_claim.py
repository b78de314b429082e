"""A claim ends with its block: what never left the gateway is not kept, everything else is."""

from __future__ import annotations

import pytest

from gateway.batch.batch_claim import KeyedClaim, NoClaim, PacedClaim
from gateway.batch.item_errors import ItemErrors
from legacy_client import errors as core
from legacy_client.deadline import Deadline

ERRORS = ItemErrors("action", dict)
UPDATED = b'{"actionId":"1"}'


class StoredClaim:
    """A claim of a store that writes down what is asked of it."""

    prefix = "p"
    repeats_unknown = False

    def __init__(self, kind="fresh", items=2):
        self.kind = kind
        self.to_send = range(items)
        self.stored = {}
        self.said = []

    def record(self, entries):
        self.said += [entry.state for entry in entries]

    def keep(self, sent, recorded):
        for index, outcome in sent:
            if isinstance(outcome, bytes):
                self.said.append("final")
                yield index, outcome
            else:
                yield index, recorded(index, outcome)

    def abandon(self):
        self.said.append("abandon")

    def finish(self):
        self.said.append("finish")


def finished(claim, *outcomes):
    return list(claim.wrap(ERRORS, ["1", "2"], enumerate(outcomes)))


def not_sent(item_id="1"):
    return ERRORS.from_core(core.CircuitOpen(), item_id)


def test_an_error_before_the_run_gives_the_key_back_whatever_it_is():
    stored = StoredClaim()

    with pytest.raises(ZeroDivisionError), KeyedClaim(stored):
        raise ZeroDivisionError

    assert stored.said == ["abandon"]


def test_an_error_amid_the_run_keeps_what_is_known():
    stored = StoredClaim()

    def breaking():
        yield 0, UPDATED
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), KeyedClaim(stored) as claim:
        list(claim.wrap(ERRORS, ["1", "2"], breaking()))

    assert stored.said == ["final", "finish"]


def test_a_first_run_that_sent_nothing_is_not_kept_even_where_it_ends_as_an_error():
    stored = StoredClaim()

    def answer(claim):
        finished(claim, not_sent("1"), not_sent("2"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), KeyedClaim(stored) as claim:
        answer(claim)

    assert stored.said == ["open", "open", "abandon"]


def test_a_repeat_that_sent_nothing_keeps_the_earlier_run():
    stored = StoredClaim(kind="resume")

    with KeyedClaim(stored) as claim:
        finished(claim, not_sent("1"), not_sent("2"))

    assert stored.said == ["open", "open", "finish"]


def test_what_reached_the_core_is_kept():
    stored = StoredClaim()

    with KeyedClaim(stored) as claim:
        finished(claim, UPDATED, not_sent("2"))

    assert stored.said == ["final", "open", "finish"]


def test_without_a_key_everything_is_sent_and_outcomes_pass_as_they_are():
    sent = [(0, UPDATED)]

    with NoClaim(3) as claim:
        assert claim.wrap(ERRORS, ["1"], sent) is sent

    assert list(claim.to_send) == [0, 1, 2]
    assert claim.marks(Deadline(1)) is None
    assert list(claim.earlier_outcomes(ERRORS, ["1"])) == []


def test_a_paced_batch_lets_calls_run_a_window_ahead_of_what_was_taken():
    claim = PacedClaim(9, window=4)
    marks = claim.marks(Deadline(1))
    marks.begin(range(9))
    outcomes = claim.wrap(ERRORS, [], iter([(0, UPDATED), (1, UPDATED), (2, UPDATED)]))

    assert marks.upto() == 4
    assert next(outcomes) == (0, UPDATED)
    assert marks.upto() == 5
    marks.put_back(3, may_have_been_applied=False)
    assert marks.upto() == 6
    assert list(outcomes) == [(1, UPDATED), (2, UPDATED)]
    assert marks.upto() == 8


def test_a_round_of_repeats_begins_its_own_window():
    claim = PacedClaim(9, window=4)
    marks = claim.marks(Deadline(1))
    marks.begin(range(9))
    list(claim.wrap(ERRORS, [], [(index, UPDATED) for index in range(5)]))

    marks.begin([5, 6, 7, 8])

    assert marks.upto() == 4
