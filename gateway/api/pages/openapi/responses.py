"""The answers of all operations as named responses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.http import HTTP_STATUS_CODES

from gateway.api.accept import LINES
from gateway.api.pages.openapi.examples import problem
from gateway.api.pages.openapi.operations import Operation, Success, reference
from gateway.problems import MEDIA_TYPE, PROBLEM_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from gateway.resources.resource import Resource

_TEXT = {"type": "string"}
_LINES = {
    "type": "string",
    "description": "One JSON object a line; skip empty lines. Without the last line, which has `status`, it was cut.",
}
HEADERS: Mapping[str, Mapping[str, object]] = {
    name: {"description": meaning, "schema": schema}
    for name, meaning, schema in (
        ("X-Request-ID", "The request's id: the caller's if well-formed, else a new one.", _TEXT),
        ("Retry-After", "Seconds to wait before sending again.", {"type": "integer", "minimum": 1}),
        ("WWW-Authenticate", "A challenge of each scheme that this path takes (RFC 9110).", _TEXT),
        ("ETag", "The version of what is shown.", _TEXT),
        ("Location", "The path of what was made.", _TEXT),
        ("Allow", "Methods that this path takes.", _TEXT),
        ("Accept-Patch", "Media types that this path takes.", _TEXT),
        ("Accept", "Media types that this path takes.", _TEXT),
        ("Accept-Encoding", "Content encodings that this path takes.", _TEXT),
        ("RateLimit", "What is left of the quota.", _TEXT),
        ("RateLimit-Policy", "The quota.", _TEXT),
        ("Preference-Applied", "Which preferences were honoured (RFC 7240).", _TEXT),
        ("Idempotency-Replayed", "`true` where the stored answer came back.", {"type": "string", "enum": ["true"]}),
        ("Idempotency-Resumed", "How many items this repeat sent.", {"type": "string", "pattern": "^[0-9]+$"}),
        ("Idempotency-Kept", "`false` where the record waits for its store.", {"type": "string", "enum": ["false"]}),
    )
}
"""Every header of an answer."""

_HEADERS_OF: Mapping[int, tuple[str, ...]] = {
    201: ("ETag", "Location"),
    202: ("ETag", "Location", "Retry-After", "Preference-Applied", "Idempotency-Replayed", "Idempotency-Kept"),
    303: ("Location",),
    304: ("ETag",),
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
_OF_A_RUN = {200, 207, 400, 404, 500, 502, 503, 504}
# There is no operation at the path of such a request.
_NO_OPERATION = {"no-such-page"}

Response = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Named:
    """Responses as components, and their names by operation and status."""

    components: Mapping[str, Response]
    names: Mapping[tuple[str, int], str]

    def of(self, operation: Operation) -> dict[str, Any]:
        """The operation's responses by status."""
        return {
            str(status): reference("responses", name)
            for (id_, status), name in self.names.items()
            if id_ == operation.id
        }


def named(operations: Sequence[Operation], resource: Resource) -> Named:
    """Problem examples are ``resource``'s.

    A response is named after its status, where operations differ after the tag too, else after the operation.
    """
    by_status: dict[int, dict[str, Response]] = {}
    for operation in operations:
        for status, response in _responses(operation, operations, resource).items():
            by_status.setdefault(status, {})[operation.id] = response
    tags = {operation.id: operation.tag for operation in operations}
    components: dict[str, Response] = {}
    names: dict[tuple[str, int], str] = {}
    for status, responses in sorted(by_status.items()):
        for id_, response in responses.items():
            of_tag = {other: each for other, each in responses.items() if tags[other] == tags[id_]}
            own = tags[id_] if len(of_tag) == 1 or _is_shared(of_tag) else id_[0].upper() + id_[1:]
            name = _name(status, "" if _is_shared(responses) else own)
            components[name] = response
            names[id_, status] = name
    return Named(components, names)


def _is_shared(responses: Mapping[str, Response]) -> bool:
    first, *others = responses.values()
    return bool(others) and all(other == first for other in others)


def _name(status: int, tag: str) -> str:
    return tag + HTTP_STATUS_CODES[status].title().replace(" ", "").replace("-", "")


def _responses(operation: Operation, operations: Iterable[Operation], resource: Resource) -> dict[int, Response]:
    others = [other for other in operations if other is not operation]
    foreign = _NO_OPERATION.union(*(other.route.problems for other in others)) - operation.route.problems
    by_status: dict[int, list[str]] = {}
    for slug, kind in PROBLEM_TYPES.items():
        if slug not in foreign and (not operation.problems or slug in operation.problems):
            by_status.setdefault(kind.status, []).append(slug)
    not_here = frozenset[str]().union(*(other.headers for other in others)) - operation.headers
    successes = {status: _success(status, success, not_here) for status, success in operation.successes.items()}
    return successes | {
        status: _problem(status, slugs, not_here, resource, operation.own_problems)
        for status, slugs in by_status.items()
    }


def _success(status: int, success: Success, not_here: AbstractSet[str]) -> Response:
    whole: Response = {
        "schema": reference("schemas", success.schema),
        "examples": {name: {"value": example} for name, example in success.examples.items()},
    }
    content = {"application/json": whole} if success.schema else {}
    if success.lines:
        content[LINES] = {"schema": _LINES, "examples": {"stream": {"value": success.lines}}}
    return _response(success.meaning, _headers(status, not_here), content)


def _problem(
    status: int, slugs: Sequence[str], not_here: AbstractSet[str], resource: Resource, own: Mapping[str, object]
) -> Response:
    """One status, with an example of each of its types."""
    whole = {
        "schema": reference("schemas", "Problem"),
        "examples": {slug: {"value": own.get(slug) or problem(slug, resource)} for slug in slugs},
    }
    meaning = " ".join(f"`{slug}`: {PROBLEM_TYPES[slug].title}." for slug in slugs)
    return _response(meaning, _headers(status, not_here), {MEDIA_TYPE: whole})


def _response(meaning: str, headers: Mapping[str, object], content: Mapping[str, object]) -> Response:
    return {"description": meaning, "headers": headers, "content": content}


def _headers(status: int, not_here: AbstractSet[str]) -> dict[str, Any]:
    names = ["X-Request-ID", *_HEADERS_OF.get(status, ())]
    names += [] if status in _UNCOUNTED else ["RateLimit", "RateLimit-Policy"]
    names += (
        ["Preference-Applied", "Idempotency-Replayed", "Idempotency-Resumed", "Idempotency-Kept"]
        if status in _OF_A_RUN
        else []
    )
    return {name: reference("headers", name) for name in names if name not in not_here}
