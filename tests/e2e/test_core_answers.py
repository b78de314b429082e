"""What the core can answer, seen through the whole service (contract section 3)."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("number", "code", "outcome"),
    [
        ("401", "core_misconfigured", "not_applied"),
        ("403", "core_misconfigured", "not_applied"),
        ("404", "not_found", "not_applied"),
        ("409", "conflict", "not_applied"),
        ("422", "rejected", "not_applied"),
        ("429", "core_busy", "not_applied"),
        ("503", "core_busy", "not_applied"),
        ("500", "core_error", "unknown"),
        ("502", "core_error", "unknown"),
        ("600", "core_broke_off", "unknown"),
        ("602", "core_broke_off", "unknown"),
        ("603", "core_broke_off", "unknown"),
        ("601", "core_bad_answer", "unknown"),
        ("604", "core_bad_answer", "unknown"),
        ("605", "core_bad_answer", "unknown"),
        ("606", "core_bad_answer", "unknown"),
        ("608", "core_bad_answer", "unknown"),
        ("302", "core_bad_answer", "unknown"),
    ],
)
def test_an_item_error_tells_what_became_of_it(partner, number, code, outcome):
    reply = partner.patch({"actionId": "19000", "status": "done"}, {"actionId": f"90{number}", "status": "done"})

    assert reply.status == 207
    (error,) = reply.json()["errors"]
    assert (error["index"], error["actionId"]) == (1, f"90{number}")
    assert (error["code"], error["outcome"]) == (code, outcome)


@pytest.mark.parametrize("number", ["202", "204", "609"])
def test_a_success_without_a_body_shows_what_was_sent(partner, number):
    reply = partner.patch({"actionId": f"90{number}", "status": "done"})

    assert (reply.status, reply.json()) == (200, {"data": [{"actionId": f"90{number}", "status": "done"}]})


@pytest.mark.parametrize("number", ["429", "503", "500", "600", "603", "602", "601"])
def test_what_can_be_repeated_is_repeated_and_applied_once(partner, core, number):
    reply = partner.patch({"actionId": f"91{number}", "status": "done"})

    assert reply.status == 200
    assert len(core.journal()) == 1
    assert core.counts()["total"] == 2


def test_the_answer_keeps_the_order_and_the_journal_agrees(partner, core):
    ids = [str(action_id) for action_id in range(19_000, 19_300)]

    reply = partner.patch(*({"actionId": action_id, "status": "approved"} for action_id in ids))

    assert reply.status == 200
    assert [action["actionId"] for action in reply.json()["data"]] == ids
    assert sorted(entry["path"] for entry in core.journal()) == [f"/actions/{action_id}" for action_id in ids]
    assert all(entry["body"] == {"state": 3} for entry in core.journal())
    assert core.counts()["max_in_flight"] <= 33


def test_every_call_carries_what_the_contract_says(partner, core):
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    partner.patch({"actionId": "19000", "status": "done"}, X_Request_ID="req-0123456789abcdef", traceparent=trace)

    (entry,) = core.journal()
    assert entry["request_id"] == "req-0123456789abcdef"
    assert entry["idempotency_key"].endswith("-19000")
    assert entry["traceparent"] == trace
    assert 0 < int(entry["timeout_ms"]) <= 5000
