"""The integration action in the document (``contract.md`` section 2)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gateway.api.integrations import DETAILS, ID_NAME, PREFIXES, ROUTE
from gateway.api.pages.openapi.examples import single_problem
from gateway.api.pages.openapi.operations import REQUEST_ID, Operation, Success, parameter
from gateway.auth.scopes import INTEGRATION_API
from schemas.integrations import IntegrationActionAnswerSchema, IntegrationActionSchema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from marshmallow import Schema

TAG = "What an integration offers, one action at a time."
GUIDE = "integration-action"

SENT = {
    "name": "Get User Data v2",
    "description": "Reads one user.",
    "inputFields": [
        {"label": "User ID", "required": True},
        {"label": "Format", "type": "SELECT", "options": [{"label": "JSON", "value": "json"}]},
    ],
}
_ID = "0d9f6f0e-2a41-4c58-8b1c-0f6a7c9b2222"
_FIELD = {"description": "", "placeholder": None, "allowMultiSelect": None, "contextActionId": None}
REPLACED = {
    "action": {
        "id": _ID,
        "name": "Get User Data v2",
        "slug": "getUserData",
        "description": "Reads one user.",
        "code": None,
        "order": 0,
        "inputFields": [
            {
                "slug": "userId",
                "label": "User ID",
                "type": "TEXT",
                "required": True,
                "order": 0,
                "options": None,
                **_FIELD,
            },
            {
                "slug": "format",
                "label": "Format",
                "type": "SELECT",
                "required": False,
                "order": 1,
                "options": [{"label": "JSON", "value": "json"}],
                **_FIELD,
            },
        ],
    }
}

_SERVER_ONLY = "Browsers are refused (403 `browser-origin`), since an API key has no place in one."
_PATH = ROUTE.paths[0].replace("{integrationId}", "$INTEGRATION").replace("{actionId}", "$ACTION")
_CURL = (
    f'curl -X PUT "$GATEWAY{_PATH}" \\\n  -H "Authorization: Bearer $API_KEY" -H \'Content-Type: application/json\' \\\n'
    f"  -d '{json.dumps(SENT)}'"
)
_UUID = {"type": "string", "format": "uuid"}
_ANSWER = "IntegrationActionAnswer"
OPERATION = Operation(
    id="replaceIntegrationAction",
    route=ROUTE,
    tag="Integrations",
    summary="Replace an integration's action",
    description="Omitted: `description` and `inputFields` are emptied, `code` is kept. "
    f"The same operation is served under {' and '.join(f'`{prefix}`' for prefix in PREFIXES if prefix)} too.\n\n"
    f"{_SERVER_ONLY} Send it from a shell or a server:\n\n```sh\n{_CURL}\n```",
    server_only=_SERVER_ONLY,
    permissions=(INTEGRATION_API,),
    parameters=(
        parameter("integrationId", "path", "The integration.", _UUID),
        parameter("actionId", "path", "The action of the integration.", _UUID),
        REQUEST_ID,
    ),
    body="IntegrationAction",
    example=SENT,
    successes={
        200: Success(
            "The action as it is now; from a core that answers without a body, as it was sent.",
            _ANSWER,
            {"replaced": REPLACED},
        )
    },
    headers={"Accept"},
    own_problems={
        "not-found": single_problem("not-found", DETAILS["not_found"], ID_NAME, _ID),
        "conflict": single_problem("conflict", DETAILS["conflict"], ID_NAME, _ID),
    },
)
SCHEMAS: Mapping[str, type[Schema]] = {
    "IntegrationAction": IntegrationActionSchema,
    _ANSWER: IntegrationActionAnswerSchema,
}
"""The operation's own components."""
