"""The OpenAPI document as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apispec import APISpec

from gateway.api.accept import LINES
from gateway.api.integrations import ID_NAME
from gateway.api.pages.openapi import (
    batches_operation,
    integration_operation,
    job_operations,
    limits_operation,
    responses,
)
from gateway.api.pages.openapi.operations import Operation, batch_name, reference, update
from gateway.api.route import camel
from schemas.answers import batch_answer_schema, item_error_schema, limits_schema, problem_schema
from schemas.batches import batch_schema
from schemas.json_schema import ContractPlugin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from marshmallow import Schema

    from gateway.auth.principal import Method
    from gateway.resources.resource import Resource

_LINES = {"type": "string", "description": "One JSON object a line."}
_DESCRIPTION = """Many updates in one request, checked as a whole before anything is sent to the core.

Two promises carry the answers: a 4xx or 503 means that the call applied nothing; a 502 or 504 means that the `outcome`
of each item must be read before it is sent again, with the same `Idempotency-Key`.

### Get a token

The operator of the service gives you the address of Keycloak, a realm, and a client with its secret.
The field `access_token` of the answer is what *Authorize* takes:

```sh
curl -X POST "$KEYCLOAK/realms/$REALM/protocol/openid-connect/token" \\
  -d grant_type=client_credentials -d "client_id=$CLIENT_ID" --data-urlencode "client_secret=$CLIENT_SECRET"
```"""


def document(
    *,
    version: str,
    resources: Sequence[Resource],
    methods: Sequence[Method],
    max_items: int,
    public_url: str,
    guides_url: str = "",
) -> dict[str, Any]:
    """``methods`` are all ways to show who one is. ``public_url`` and ``guides_url`` may be empty."""
    spec = APISpec(
        "Bulk-update gateway", version, "3.1.0", info={"description": _DESCRIPTION}, plugins=[ContractPlugin()]
    )
    guides = Guides(guides_url)
    spec.options |= guides.link("first-batch", "Guide: your first batch")
    spec.options["servers"] = [{"url": public_url or ".", "description": "This service."}]
    spec.options["tags"] = [
        {"name": name, "description": meaning, **guides.link(page, "Guide")}
        for name, meaning, page in sorted(_tags(resources))
    ]
    operations = [
        *map(update, resources),
        batches_operation.operation(resources),
        *job_operations.operations(resources),
        limits_operation.operation(resources),
        integration_operation.OPERATION,
    ]
    named = responses.named(operations, resources[0])
    _components(spec, resources, max_items, named.components)
    for name, scheme in {camel(method.name): method.security for method in methods}.items():
        spec.components.security_scheme(name, dict(scheme))
    for operation in operations:
        spec.path(
            operation.route.paths[0],
            operations={operation.route.method.lower(): _described(operation, methods, named.of(operation))},
        )
    return spec.to_dict()


@dataclass(frozen=True)
class Guides:
    """The pages for partners at ``url``, as ``make docs`` builds them; empty: nowhere."""

    url: str

    def link(self, page: str, text: str) -> dict[str, Any]:
        """Of a page without its ending."""
        return {"externalDocs": {"url": f"{self.url}/partners/{page}.html", "description": text}} if self.url else {}


def _tags(resources: Sequence[Resource]) -> Iterator[tuple[str, str, str]]:
    """Name, meaning, and the guide."""
    for resource in resources:
        plural = resource.plural.capitalize()
        yield plural, f"{plural} of the core, many at a time.", "first-batch"
    yield batches_operation.TAG, batches_operation.MEANING, "idempotency"
    yield job_operations.TAG, job_operations.MEANING, "large-batches"
    yield limits_operation.TAG, "What a caller may send.", "limits"
    yield integration_operation.OPERATION.tag, integration_operation.TAG, integration_operation.GUIDE


def _components(
    spec: APISpec, resources: Sequence[Resource], max_items: int, answers: Mapping[str, dict[str, Any]]
) -> None:
    for name, schema in _schemas(resources, max_items):
        spec.components.schema(name, schema=schema)
    if len(resources) > 1:
        for name, members in _of_any_resource(resources):
            spec.components.schema(name, {"anyOf": [reference("schemas", member) for member in members]})
    for name, header in responses.HEADERS.items():
        spec.components.header(name, dict(header))
    for name, answer in answers.items():
        spec.components.response(name, answer)


def _schemas(resources: Sequence[Resource], max_items: int) -> Iterator[tuple[str, Schema]]:
    """Schemas that operations name; apispec adds what those hold."""
    errors = [item_error_schema(resource.name, resource.id_name) for resource in resources]
    for resource, error in zip(resources, errors, strict=True):
        name = resource.name.capitalize()
        yield batch_name(resource), batch_schema(resource.schema, max_items)
        yield f"{name}BatchAnswer", batch_answer_schema(resource.updated_schema, error)()
    yield from job_operations.schemas(resources, max_items)
    yield from batches_operation.schemas(resources, errors)
    yield limits_operation.SCHEMA, limits_schema([resource.plural for resource in resources])()
    for name, schema in integration_operation.SCHEMAS.items():
        yield name, schema()
    yield "Problem", problem_schema({resource.id_name for resource in resources} | {ID_NAME})()


def _of_any_resource(resources: Sequence[Resource]) -> Iterator[tuple[str, list[str]]]:
    """What may be of any of several resources, and its schema for each."""
    yield batches_operation.SCHEMA, batches_operation.names(resources)
    yield job_operations.PART, [batch_name(resource) for resource in resources]


def _described(operation: Operation, methods: Sequence[Method], answered: dict[str, Any]) -> dict[str, Any]:
    granting = [method for method in methods if not method.grants.isdisjoint(operation.permissions)]
    taken = dict.fromkeys(camel(method.name) for method in granting)
    return {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "security": [{name: []} for name in taken],
        "parameters": list(operation.parameters),
        **_body(operation),
        "responses": answered,
        **({"x-server-only": operation.server_only} if operation.server_only else {}),
    }


def _body(operation: Operation) -> dict[str, Any]:
    if not operation.body:
        return {}
    content = {"application/json": {"schema": reference("schemas", operation.body), "example": operation.example}}
    if operation.lines:
        content[LINES] = {"schema": _LINES, "example": operation.lines}
    return {"requestBody": {"required": True, "content": content}}
