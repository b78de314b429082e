"""What the core can answer, seen through the whole service (contract section 3), whatever dialect the core speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.core.dialects import DIALECTS
from sandbox.stack import Stack
from tests import exact
from tests.e2e.conftest import FORGETFUL
from tests.e2e.stack import Partner

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module", params=["", "rpc", "nested"], ids=["contract", "rpc", "nested"])
def spoken(request: pytest.FixtureRequest) -> Iterator[Stack]:
    # A second attempt waits for ``Retry-After``, which is a second; a third would wait for another.
    with Stack({**FORGETFUL, "RETRY_ATTEMPTS": "2"}, dialect=request.param) as stack:
        yield stack


@pytest.fixture
def stack(spoken: Stack) -> Stack:
    spoken.core.control("POST", "reset")
    return spoken


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["", *DIALECTS])
def test_a_call_that_nobody_answers_is_told_in_time(dialect: str):
    with Stack({"CORE_TIMEOUT": "2", "RETRY_ATTEMPTS": "1", "BATCH_DEADLINE": "20"}, dialect=dialect) as stack:
        reply = Partner(stack).patch(item(19000), item(90599))

        assert reply.status == 207
        [error] = reply.json()["errors"]
        assert (error["actionId"], error["code"], error["outcome"]) == ("90599", "core_timeout", "unknown")


def item(action_id, **fields):
    return {"actionId": str(action_id), "status": "active", **fields}


def test_a_batch_is_authenticated_translated_sent_and_aggregated(partner, core):
    reply = partner.patch(
        item(19000, title={"en": "Leave approval"}, due_date="2024-01-10 06:51:15"),
        item("0019001", category_action="form", partner_ids=["8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00"]),
    )

    assert reply.status == 200
    first, second = reply.json()["data"]
    assert (first["actionId"], first["title"]["en"], first["due_date"]) == (
        "19000",
        "Leave approval",
        "2024-01-10 06:51:15",
    )
    assert (second["actionId"], second["category_action"]) == ("19001", "form")
    assert second["partner_ids"] == ["8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00"]
    assert exact.UpdatedSchema().validate(reply.json()) == {}
    assert core.counts()["applied"] == 2


def test_a_mixed_batch_tells_each_item_apart(partner, core):
    reply = partner.patch(item(19000), item(90404), item(90422), item(90409), item(90204), item(90429))

    assert reply.status == 207
    assert exact.PartlyUpdatedSchema().validate(reply.json()) == {}
    assert [action["actionId"] for action in reply.json()["data"]] == ["19000", "90204"]
    assert [(error["index"], error["code"]) for error in reply.json()["errors"]] == [
        (1, "not_found"),
        (2, "rejected"),
        (3, "conflict"),
        (5, "core_busy"),
    ]


@pytest.mark.parametrize(
    ("ids", "status", "slug"),
    [
        ([90404], 404, "not-found"),
        ([90422, 90404], 400, "core-rejected"),
        ([90503], 503, "temporarily-unavailable"),
        ([90500], 502, "core-failed"),
        ([90600], 502, "core-failed"),
        ([90601], 502, "core-failed"),
    ],
)
def test_a_batch_without_any_success_has_the_status_of_its_worst_item(partner, ids, status, slug):
    reply = partner.patch(*map(item, ids))

    assert reply.status == status
    assert reply.json()["type"].endswith(slug)
    assert exact.BatchProblemSchema().validate(reply.json()) == {}


def test_a_flaky_core_is_asked_again_with_the_same_key(partner, core):
    core.script(a19000=["503", "ok"])

    assert partner.patch(item(19000)).status == 200
    assert core.counts()["total"] == 2


def test_a_repeat_under_the_same_key_changes_nothing(partner, core):
    first = partner.patch(item(19000), item(19001), idempotency_key="e2e-1")
    again = partner.patch(item(19000), item(19001), idempotency_key="e2e-1")

    assert (first.status, again.status) == (200, 200)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert core.counts()["applied"] == 2


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
