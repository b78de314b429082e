"""The main job for real: gunicorn, the sandbox core and the identity provider, over loopback."""

from __future__ import annotations

import pytest

from sandbox.core import seed
from sandbox.web import call
from schemas.integrations import IntegrationActionAnswerSchema
from tests import exact
from tests.e2e.stack import Partner

pytestmark = pytest.mark.e2e


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


def test_a_rejected_batch_makes_no_call(partner, core):
    reply = partner.patch(item(19000), item(19001, status="open"))

    assert reply.status == 400
    assert core.counts()["total"] == 0


def test_a_token_without_the_role_and_no_token_at_all(stack, core):
    reader = Partner(stack, "reader")

    assert reader.patch(item(19000)).status == 403
    assert reader.call("PATCH", "/openapi/api/v1/actions", {"data": []}, authorization="Bearer nonsense").status == 401
    assert core.counts()["total"] == 0


def test_a_flaky_core_is_asked_again_with_the_same_key(partner, core):
    core.script(a19000=["503", "ok"])

    assert partner.patch(item(19000)).status == 200
    assert core.counts()["total"] == 2


def test_a_thousand_items_come_back_in_order(partner, core):
    reply = partner.patch(*[item(19000 + number) for number in range(1000)])

    assert reply.status == 200
    assert [action["actionId"] for action in reply.json()["data"]] == [str(19000 + number) for number in range(1000)]
    assert core.counts()["applied"] == 1000


def test_a_repeat_under_the_same_key_changes_nothing(partner, core):
    first = partner.patch(item(19000), item(19001), idempotency_key="e2e-1")
    again = partner.patch(item(19000), item(19001), idempotency_key="e2e-1")

    assert (first.status, again.status) == (200, 200)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert core.counts()["applied"] == 2


def test_the_integration_action_goes_through_the_same_pipeline(stack, partner):
    crm = next(integration for integration in seed.integrations() if integration.name == "CRM")
    action = next(seed.integration_actions(crm))
    key = stack.api_key()
    body = {"name": "Get User Data v2", "inputFields": [{"label": "User ID", "required": True}, {"label": "Format"}]}

    reply = partner.put(crm.id, action["id"], body, key)

    assert reply.status == 200
    stored = reply.json()["action"]
    assert (stored["name"], stored["slug"]) == ("Get User Data v2", "getUserData")
    assert [field["slug"] for field in stored["inputFields"]] == ["userId", "format"]
    assert IntegrationActionAnswerSchema().validate(reply.json()) == {}


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/openapi.json", "/docs", "/metrics", "/problems/not-found"])
def test_the_other_endpoints_answer_without_a_token(stack, path):
    assert call("GET", stack.gateway.url + path).status == 200
