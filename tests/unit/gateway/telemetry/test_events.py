from __future__ import annotations

import logging

import pytest

from gateway.batch.outcome import ItemError
from gateway.item_codes import Applied
from gateway.telemetry.events import APPLIED, FailedItem, FanOut, Silent, summarize
from tests.doubles.telemetry import Broken, Recording, a_batch, a_request


def _failure(code: str, outcome: Applied = Applied.NOT_APPLIED) -> ItemError:
    return ItemError(status=404, code=code, detail="", outcome=outcome)


def test_every_hook_hears_of_every_event() -> None:
    first, second = Recording(), Recording()
    request, batch = a_request(), a_batch()

    telemetry = FanOut([first, second])
    telemetry.batch_ended(batch)
    telemetry.request_ended(request)

    assert first.heard == second.heard == [batch, request]


@pytest.mark.parametrize("event", ["request_ended", "batch_ended"])
def test_a_hook_that_fails_is_logged_and_costs_nobody_else_anything(
    event: str, caplog: pytest.LogCaptureFixture
) -> None:
    healthy = Recording()

    getattr(FanOut([Broken(), healthy]), event)("details")

    assert healthy.heard == ["details"]
    assert [(record.message, vars(record)["hook"]) for record in caplog.records] == [
        ("telemetry_hook_failed", "Broken")
    ]


def test_the_silent_twin_takes_every_event(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    Silent().request_ended(a_request())
    Silent().batch_ended(a_batch())

    assert not caplog.records


def test_a_batch_is_summed_up_by_outcome_and_code() -> None:
    failures = [(1, "11", _failure("not_found")), (2, "12", _failure("core_timeout", Applied.UNKNOWN))]

    batch = summarize(4, failures, kind="sync", status=207, seconds=0.5, keep_failed=10)

    assert batch.counts == {APPLIED: 2, ("not_applied", "not_found"): 1, ("unknown", "core_timeout"): 1}
    assert (batch.items, batch.succeeded, batch.status, batch.seconds) == (4, 2, 207, 0.5)


def test_only_the_first_failed_items_are_kept_but_all_are_counted() -> None:
    failures = [(number, str(number), _failure("not_found")) for number in range(5)]

    batch = summarize(5, failures, kind="single", status=404, seconds=0.1, keep_failed=1)

    assert batch.failed == [FailedItem(index=0, item_id="0", code="not_found", outcome="not_applied")]
    assert batch.counts == {("not_applied", "not_found"): 5}
    assert batch.succeeded == 0
