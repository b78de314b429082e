"""The verdict over all outcomes of a batch, row by row of contract 1.3, and as a property over any mix."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.batch.outcome import ItemError, verdict, whole_seconds
from gateway.item_codes import ITEM_CODES, Applied


def failed(status=400, code="rejected", outcome=Applied.NOT_APPLIED, retryable=False, retry_after=None):
    return ItemError(
        status=status, code=code, detail="x", outcome=outcome, retryable=retryable, retry_after=retry_after
    )


UPDATED = b'{"actionId":"1"}'
NOT_FOUND = failed(404, "not_found")
REJECTED = failed()
CONFLICT = failed(409, "conflict")
BUSY = failed(503, "core_busy", retryable=True, retry_after=7)
UNREACHABLE = failed(503, "core_unreachable", Applied.NOT_SENT, retryable=True)
LATE = failed(504, "deadline", Applied.NOT_SENT, retryable=True)
TIMED_OUT = failed(504, "core_timeout", Applied.UNKNOWN, retryable=True)
BROKE_OFF = failed(502, "core_broke_off", Applied.UNKNOWN, retryable=True)
MISCONFIGURED = failed(502, "core_misconfigured")
INTERNAL = failed(500, "internal_error", Applied.NOT_SENT)


@pytest.mark.parametrize(
    ("outcomes", "status", "problem"),
    [
        ([UPDATED], 200, ""),
        ([UPDATED, UPDATED], 200, ""),
        ([UPDATED, NOT_FOUND], 207, ""),
        ([TIMED_OUT, UPDATED], 207, ""),
        ([UPDATED, MISCONFIGURED], 207, ""),
        ([NOT_FOUND, NOT_FOUND], 404, "not-found"),
        ([NOT_FOUND, REJECTED], 400, "core-rejected"),
        ([CONFLICT, CONFLICT], 400, "core-rejected"),
        ([REJECTED, BUSY], 503, "temporarily-unavailable"),
        ([UNREACHABLE], 503, "temporarily-unavailable"),
        ([LATE, NOT_FOUND], 503, "temporarily-unavailable"),
        ([MISCONFIGURED], 502, "core-misconfigured"),
        ([MISCONFIGURED, REJECTED], 502, "core-misconfigured"),
        ([MISCONFIGURED, BUSY], 503, "temporarily-unavailable"),
        ([BROKE_OFF, BUSY], 502, "core-failed"),
        ([BROKE_OFF, TIMED_OUT], 504, "core-timed-out"),
        ([TIMED_OUT, REJECTED], 504, "core-timed-out"),
        ([INTERNAL, REJECTED], 500, "internal-error"),
    ],
)
def test_the_status_follows_what_the_caller_has_to_do_next(outcomes, status, problem):
    result = verdict(len(outcomes), [one for one in outcomes if one is not UPDATED])

    assert (result.status, result.problem) == (status, problem)


def test_the_wait_is_the_largest_of_all_items():
    assert verdict(2, [BUSY, failed(retryable=True, retry_after=3)]).retry_after == 7


def test_no_wait_is_named_while_an_item_is_unknown():
    assert verdict(2, [BUSY, BROKE_OFF]).retry_after is None


any_error = st.builds(
    failed,
    status=st.integers(400, 599),
    code=st.sampled_from(sorted(ITEM_CODES)),
    outcome=st.sampled_from(list(Applied)),
    retryable=st.booleans(),
    retry_after=st.none() | st.integers(1, 100),
)


@given(st.lists(st.just(UPDATED) | any_error, min_size=1, max_size=20))
def test_a_4xx_or_503_means_that_nothing_was_applied(outcomes):
    result = verdict(len(outcomes), [one for one in outcomes if one is not UPDATED])

    if result.status in {400, 404, 503}:
        assert all(one is not UPDATED and one.outcome is not Applied.UNKNOWN for one in outcomes)
    if any(one is UPDATED for one in outcomes):
        assert result.status in {200, 207}


def test_an_error_shows_what_it_has_and_no_empty_members():
    shown = failed(retry_after=None).body(3, "actionId", "19353")

    assert list(shown) == ["index", "actionId", "status", "code", "detail", "outcome", "retryable"]
    assert shown["outcome"] == "not_applied"


@pytest.mark.parametrize(("seconds", "whole"), [(None, None), (0.0, 1), (0.2, 1), (1.0, 1), (1.1, 2)])
def test_waits_are_rounded_up_to_whole_seconds(seconds, whole):
    assert whole_seconds(seconds) == whole
