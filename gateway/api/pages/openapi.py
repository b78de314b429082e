"""``/openapi.json`` (3.1), made once from the schemas that validate, the problem table and the operations below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from gateway.api.pages import openapi_examples as examples
from gateway.problems import MEDIA_TYPE, PROBLEM_TYPES
from schemas import answers
from schemas.actions import ActionUpdateSchema
from schemas.batches import batch_schema
from schemas.integrations import IntegrationActionSchema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from marshmallow import Schema

_DESCRIPTION = """Many action updates in one request, checked as a whole before anything is sent to the core.

Two promises carry the answers: a 4xx or 503 means that the call applied nothing; a 502 or 504 means that the `outcome`
of each item must be read before it is sent again, with the same `Idempotency-Key`."""
_COMMON = ("X-Request-ID",)
_HEADERS: Mapping[str, tuple[str, dict[str, object]]] = {
    "X-Request-ID": ("The request's id: the caller's if well-formed, else a new one.", {"type": "string"}),
    "Retry-After": ("Seconds to wait before sending again.", {"type": "integer", "minimum": 1}),
    "WWW-Authenticate": ("The challenge of RFC 6750.", {"type": "string"}),
    "Allow": ("Methods that this path takes.", {"type": "string"}),
    "Accept-Patch": ("Media types that this path takes.", {"type": "string"}),
    "Accept": ("Media types that this path takes.", {"type": "string"}),
    "Accept-Encoding": ("Content encodings that this path takes.", {"type": "string"}),
    "RateLimit": ("What is left of the quota.", {"type": "string"}),
    "RateLimit-Policy": ("The quota.", {"type": "string"}),
    "Preference-Applied": ("Which preferences were honoured (RFC 7240).", {"type": "string"}),
    "Idempotency-Replayed": ("`true` where the stored answer came back.", {"type": "string", "enum": ["true"]}),
    "Idempotency-Resumed": ("How many items this repeat sent.", {"type": "string", "pattern": "^[0-9]+$"}),
}
_HEADERS_OF: Mapping[int, tuple[str, ...]] = {
    207: ("Retry-After",),
    400: ("WWW-Authenticate",),
    401: ("WWW-Authenticate",),
    403: ("WWW-Authenticate",),
    405: ("Allow",),
    409: ("Retry-After",),
    415: ("Accept-Patch", "Accept", "Accept-Encoding"),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
_UNCOUNTED = {401, 405, 414, 417, 431, 501}
_OF_BATCHES = {"Accept-Patch", "Preference-Applied", "Idempotency-Replayed", "Idempotency-Resumed"}
_OF_SINGLE_ACTIONS = {"Accept"}
_OF_A_RUN = {200, 207, 400, 404, 500, 502, 503, 504}
_BULK_PROBLEMS = (
    "bad-request", "invalid-json", "unknown-parameter", "validation-failed", "core-rejected", "invalid-token",
    "insufficient-scope", "not-found", "method-not-allowed", "not-acceptable", "request-timeout", "in-progress",
    "batch-too-large", "body-too-large", "uri-too-long", "unsupported-media-type", "expectation-failed",
    "idempotency-key-reused", "quota-exceeded", "headers-too-large", "internal-error", "not-implemented", "core-failed",
    "core-misconfigured", "temporarily-unavailable", "core-timed-out",
)  # fmt: skip
_INTEGRATION_PROBLEMS = (
    "bad-request", "invalid-json", "unknown-parameter", "validation-failed", "core-rejected", "invalid-token",
    "insufficient-scope", "browser-origin", "integration-not-granted", "not-found", "method-not-allowed",
    "not-acceptable", "request-timeout", "conflict", "body-too-large", "uri-too-long", "unsupported-media-type",
    "expectation-failed", "quota-exceeded", "headers-too-large", "internal-error", "not-implemented", "core-failed",
    "core-misconfigured", "temporarily-unavailable", "core-timed-out",
)  # fmt: skip
_SCHEMAS: Mapping[str, type[Schema]] = {
    "Action": answers.ActionSchema,
    "ItemError": answers.ItemErrorSchema,
    "Updated": answers.UpdatedSchema,
    "PartlyUpdated": answers.PartlyUpdatedSchema,
    "DryRun": answers.DryRunSchema,
    "Problem": answers.ProblemSchema,
    "ValidationError": answers.ValidationErrorSchema,
    "ValidationProblem": answers.ValidationProblemSchema,
    "BatchProblem": answers.BatchProblemSchema,
    "IntegrationAction": IntegrationActionSchema,
    "IntegrationActionAnswer": answers.IntegrationActionAnswerSchema,
}
_ITEM_PROBLEMS = {
    "core-rejected", "not-found", "core-failed", "core-misconfigured", "core-timed-out", "conflict",
    "internal-error", "temporarily-unavailable",
}  # fmt: skip


def document(*, version: str, languages: Sequence[str], max_items: int, public_url: str) -> dict[str, Any]:
    """The whole OpenAPI document."""
    spec = APISpec(
        "Bulk-update gateway", version, "3.1.0", info={"description": _DESCRIPTION}, plugins=[MarshmallowPlugin()]
    )
    spec.options["servers"] = [{"url": public_url or "/"}]
    for name, schema in _SCHEMAS.items():
        spec.components.schema(name, schema=schema)
    spec.components.schema("Batch", schema=batch_schema(ActionUpdateSchema(languages=languages), max_items))
    _security(spec)
    for name, (description, schema_of) in _HEADERS.items():
        spec.components.header(name, {"description": description, "schema": schema_of})
    spec.path("/openapi/api/v1/actions", operations={"patch": _bulk()})
    for prefix, suffix in (("", ""), ("/api/public", "Public")):
        path = prefix + "/integrations/v1/{integrationId}/actions/{actionId}"
        spec.path(path, parameters=_ids(), operations={"put": _integration(suffix)})
    return spec.to_dict()


def _security(spec: APISpec) -> None:
    bearer = {"type": "http", "scheme": "bearer"}
    spec.components.security_scheme(
        "keycloak", {**bearer, "bearerFormat": "JWT", "description": "A Keycloak access token."}
    )
    spec.components.security_scheme("apiKey", {**bearer, "description": "An API key with the scope INTEGRATION_API."})


def _bulk() -> dict[str, Any]:
    return {
        "operationId": "updateActions",
        "summary": "Update many actions",
        "description": "Fields that are left out keep their value. One invalid item refuses the whole batch before any call.",
        "security": [{"keycloak": []}],
        "parameters": _bulk_parameters(),
        "requestBody": _request("Batch", examples.BATCH),
        "responses": _without(
            _OF_SINGLE_ACTIONS,
            {
                "200": _answer(
                    200, "Every item was updated.", {"oneOf": [_ref("Updated"), _ref("DryRun")]}, examples.UPDATED
                ),
                "207": _answer(
                    207, "Some items were updated, some were not.", _ref("PartlyUpdated"), examples.PARTLY_UPDATED
                ),
                **_problems(_BULK_PROBLEMS),
            },
        ),
    }


def _bulk_parameters() -> list[dict[str, Any]]:
    return [
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
        _request_id(),
    ]


def _request_id() -> dict[str, Any]:
    meaning = "Comes back in the answer, logs and calls to the core."
    return _parameter("X-Request-ID", "header", meaning, {"type": "string"})


def _ids() -> list[dict[str, Any]]:
    uuid = {"type": "string", "format": "uuid"}
    return [
        {**_parameter(name, "path", meaning, uuid), "required": True}
        for name, meaning in (("integrationId", "The integration."), ("actionId", "The action of the integration."))
    ]


def _integration(suffix: str) -> dict[str, Any]:
    return {
        "operationId": f"replaceIntegrationAction{suffix}",
        "summary": "Replace an integration's action",
        "description": "Omitted: `description` and `inputFields` are emptied, `code` is kept. Browsers are refused.",
        "security": [{"apiKey": []}],
        "requestBody": _request("IntegrationAction", examples.INTEGRATION_ACTION),
        "parameters": [_request_id()],
        "responses": _without(
            _OF_BATCHES,
            {
                "200": _answer(
                    200,
                    "The action as it is now; from a core that answers without a body, as it was sent.",
                    _ref("IntegrationActionAnswer"),
                    examples.INTEGRATION_ANSWER,
                ),
                **_problems(_INTEGRATION_PROBLEMS),
            },
        ),
    }


def _parameter(name: str, place: str, meaning: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": place, "description": meaning, "schema": schema}


def _request(schema: str, example: object) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": _ref(schema), "example": example}}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _answer(status: int, meaning: str, schema: dict[str, Any], example: object) -> dict[str, Any]:
    content = {"application/json": {"schema": schema, "example": example}}
    return {"description": meaning, "headers": _headers(status), "content": content}


def _problems(slugs: Sequence[str]) -> dict[str, Any]:
    """One response per status, with an example of each type that has it."""
    by_status: dict[int, list[str]] = {}
    for slug in slugs:
        by_status.setdefault(PROBLEM_TYPES[slug].status, []).append(slug)
    return {str(status): _problem(status, of_status) for status, of_status in sorted(by_status.items())}


def _problem(status: int, slugs: Sequence[str]) -> dict[str, Any]:
    content = {
        "schema": {"anyOf": [_ref(name) for name in _problem_schemas(slugs)]},
        "examples": {slug: {"value": examples.problem(slug)} for slug in slugs},
    }
    meaning = " ".join(f"`{slug}`: {PROBLEM_TYPES[slug].title}." for slug in slugs)
    return {"description": meaning, "headers": _headers(status), "content": {MEDIA_TYPE: content}}


def _problem_schemas(slugs: Sequence[str]) -> list[str]:
    names = ["ValidationProblem"] if "validation-failed" in slugs else []
    names += ["BatchProblem"] if _ITEM_PROBLEMS & set(slugs) else []
    return [*names, "Problem"]


def _headers(status: int) -> dict[str, Any]:
    names = [*_COMMON, *_HEADERS_OF.get(status, ())]
    names += [] if status in _UNCOUNTED else ["RateLimit", "RateLimit-Policy"]
    names += ["Preference-Applied", "Idempotency-Replayed", "Idempotency-Resumed"] if status in _OF_A_RUN else []
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _without(headers: AbstractSet[str], responses: dict[str, Any]) -> dict[str, Any]:
    """The responses without the headers that their operation never answers with."""
    for response in responses.values():
        response["headers"] = {name: header for name, header in response["headers"].items() if name not in headers}
    return responses
