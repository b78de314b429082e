"""What the demo sends: one request for each answer of the contract, with what must come back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sandbox.core.seed import identifier

Credential = Literal["token", "api_key", "none"]

ACTIONS = "/openapi/api/v1/actions"
INTEGRATION_ACTION = f"/integrations/v1/{identifier('CRM')}/actions/{identifier('CRM/Get User Data')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A request, the status it must get, and how many calls it may make to the core.

    ``streamed`` is the status that the last line of a stream must have; 0: no stream is asked for.
    """

    title: str
    status: int
    core_calls: int
    body: dict[str, object]
    credential: Credential = "token"
    method: str = "PATCH"
    path: str = ACTIONS
    streamed: int = 0


def _batch(*items: dict[str, object]) -> dict[str, object]:
    return {"data": list(items)}


STEPS = (
    Step(
        title="every action is updated",
        status=200,
        core_calls=2,
        body=_batch(
            {
                "actionId": "19353",
                "status": "active",
                "title": {"en": "Leave approval", "fr": "Validation de congé"},
                "due_date": "2024-01-10 06:51:15",
            },
            {"actionId": "19354", "category_action": "validation", "type_action": "link"},
        ),
    ),
    Step(
        title="one is updated, one is not known, one is rejected by the core",
        status=207,
        core_calls=3,
        body=_batch(
            {"actionId": "19353", "status": "done"},
            {"actionId": "90404", "status": "done"},
            {"actionId": "90422", "due_date": "2024-01-10 06:51:15"},
        ),
    ),
    Step(
        title="the same as a stream: each line as soon as its call was answered",
        status=200,
        streamed=207,
        core_calls=3,
        body=_batch(
            {"actionId": "19353", "status": "active"},
            {"actionId": "90404", "status": "active"},
            {"actionId": "90422", "due_date": "2024-01-10 06:51:15"},
        ),
    ),
    Step(
        title="validation fails: every error of every action comes back, nothing is sent",
        status=400,
        core_calls=0,
        body=_batch(
            {"actionId": "19353", "status": "active"},
            {"actionId": "19354", "status": "open", "title": {"de": "Urlaub"}},
            {"actionId": "19355", "colour": "red"},
        ),
    ),
    Step(
        title="the core rejects the only action",
        status=400,
        core_calls=1,
        body=_batch({"actionId": "90422", "status": "done"}),
    ),
    Step(
        title="no action is known",
        status=404,
        core_calls=1,
        body=_batch({"actionId": "90404", "status": "done"}),
    ),
    Step(
        title="no token",
        status=401,
        core_calls=0,
        credential="none",
        body=_batch({"actionId": "19353", "status": "done"}),
    ),
    Step(
        title="an integration replaces an action of its own, with an API key",
        status=200,
        core_calls=1,
        credential="api_key",
        method="PUT",
        path=INTEGRATION_ACTION,
        body={
            "name": "Get User Data v2",
            "inputFields": [
                {"label": "User ID", "required": True},
                {"label": "Format", "type": "SELECT", "options": [{"label": "JSON", "value": "json"}]},
            ],
        },
    ),
    Step(
        title="another action of the integration has this name",
        status=409,
        core_calls=1,
        credential="api_key",
        method="PUT",
        path=INTEGRATION_ACTION,
        body={"name": "Create Ticket"},
    ),
)
