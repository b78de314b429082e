"""What each route of the contract takes, and what is its own among the answers: of bulk resources, and one by one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.api import integrations
from gateway.api.pages.openapi import examples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from gateway.resources.resource import Resource


@dataclass(frozen=True, slots=True)
class Success:
    """An answer with a body: its component, and examples by name."""

    meaning: str
    schema: str
    examples: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation. ``problems`` and ``headers`` are those that not every operation answers with."""

    id: str
    method: str
    path: str
    tag: str
    summary: str
    description: str
    security: str
    parameters: Sequence[Mapping[str, Any]]
    body: str
    example: Mapping[str, object]
    successes: Mapping[int, Success]
    problems: AbstractSet[str]
    headers: AbstractSet[str]


def reference(kind: str, name: str) -> dict[str, str]:
    """A reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def _path(rule: str) -> str:
    """A route as OpenAPI writes it: ``<action_id>`` is ``{actionId}``."""
    return re.sub("<(.*?)>", lambda name: f"{{{_camel(name[1])}}}", rule)


def _camel(name: str) -> str:
    return re.sub("_(.)", lambda letter: letter[1].upper(), name)


def _parameter(name: str, place: str, meaning: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    required = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, "description": meaning, "schema": schema, **required}


_UUID = {"type": "string", "format": "uuid"}
_REQUEST_ID = _parameter(
    "X-Request-ID", "header", "Comes back in the answer, logs and calls to the core.", {"type": "string"}
)
_OF_BATCHES = (
    _parameter("dry_run", "query", "Validate only; no call is made.", {"type": "boolean", "default": False}),
    _parameter(
        "Prefer",
        "header",
        "`wait=N` lowers the batch's deadline to N seconds.",
        {"type": "string", "examples": ["wait=10"]},
    ),
    _parameter(
        "Idempotency-Key",
        "header",
        "Repeat the request with the same key to complete what is not final; nothing final is sent again.",
        {
            "type": "string",
            "minLength": 1,
            "maxLength": 255,
            "pattern": "^[!-~]+$",
            "examples": ["8e03978e-40d5-43dd-bc93-6894a57f9324"],
        },
    ),
    _REQUEST_ID,
)
_REPLACED = Success(
    "The action as it is now; from a core that answers without a body, as it was sent.",
    "IntegrationActionAnswer",
    {"replaced": examples.INTEGRATION_ANSWER},
)

INTEGRATION_ACTION = Operation(
    id="replaceIntegrationAction",
    method="put",
    path=_path(integrations.PATH),
    tag="Integrations",
    summary="Replace an integration's action",
    description="Omitted: `description` and `inputFields` are emptied, `code` is kept. Browsers are refused. "
    f"The same operation is served under {' and '.join(f'`{prefix}`' for prefix in integrations.PREFIXES if prefix)} too.",
    security="apiKey",
    parameters=(
        _parameter("integrationId", "path", "The integration.", _UUID),
        _parameter("actionId", "path", "The action of the integration.", _UUID),
        _REQUEST_ID,
    ),
    body="IntegrationAction",
    example={"example": examples.INTEGRATION_ACTION},
    successes={200: _REPLACED},
    problems={"browser-origin", "integration-not-granted", "conflict"},
    headers={"Accept"},
)
"""The integration action's replacement."""


def bulk(resource: Resource) -> Operation:
    """The bulk update of a resource; its components are named after what an item is called."""
    tag, answer = resource.plural.capitalize(), f"{resource.name.capitalize()}BatchAnswer"
    batch = examples.BATCHES.get(resource.plural)
    updated = {"updated": batch.updated} if batch else {}
    partly = {"partly_updated": batch.partly_updated} if batch else {}
    return Operation(
        id=f"update{tag}",
        method="patch",
        path=_path(resource.path),
        tag=tag,
        summary=f"Update many {resource.plural}",
        description="Fields that are left out keep their value. One invalid item refuses the whole batch before any call.",
        security="keycloak",
        parameters=_OF_BATCHES,
        body=f"{resource.name.capitalize()}Batch",
        example={"example": batch.sent} if batch else {},
        successes={
            200: Success(
                "Every item was updated; in a dry run, every item is valid and none was sent.",
                answer,
                {**updated, "dry_run": examples.DRY_RUN},
            ),
            207: Success("Some items were updated, some were not.", answer, partly),
        },
        problems={"in-progress", "batch-too-large", "idempotency-key-reused"},
        headers={
            "Accept-Patch",
            "Preference-Applied",
            "Idempotency-Replayed",
            "Idempotency-Resumed",
            "Idempotency-Kept",
        },
    )
