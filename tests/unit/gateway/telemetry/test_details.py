from __future__ import annotations

from gateway.batch.outcome import ItemError
from gateway.item_codes import Applied
from gateway.telemetry.details import summarize
from gateway.telemetry.events import APPLIED, FailedItem


def _failure(code: str, outcome: Applied = Applied.NOT_APPLIED) -> ItemError:
    return ItemError(status=404, code=code, detail="", outcome=outcome)


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
