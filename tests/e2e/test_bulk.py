"""The main job for real: gunicorn, the sandbox core and the identity provider, over loopback."""

from __future__ import annotations

import pytest

from sandbox.core import seed
from sandbox.web import call
from schemas.integrations import IntegrationActionAnswerSchema
from tests.e2e.stack import Partner

pytestmark = pytest.mark.e2e


def item(action_id, **fields):
    return {"actionId": str(action_id), "status": "active", **fields}


def test_a_rejected_batch_makes_no_call(partner, core):
    reply = partner.patch(item(19000), item(19001, status="open"))

    assert reply.status == 400
    assert core.counts()["total"] == 0


def test_a_token_without_the_role_and_no_token_at_all(stack, core):
    reader = Partner(stack, "reader")

    assert reader.patch(item(19000)).status == 403
    assert reader.call("PATCH", "/openapi/api/v1/actions", {"data": []}, authorization="Bearer nonsense").status == 401
    assert core.counts()["total"] == 0


def test_a_thousand_items_come_back_in_order(partner, core):
    reply = partner.patch(*[item(19000 + number) for number in range(1000)])

    assert reply.status == 200
    assert [action["actionId"] for action in reply.json()["data"]] == [str(19000 + number) for number in range(1000)]
    assert core.counts()["applied"] == 1000


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
