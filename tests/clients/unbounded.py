"""Where the document needs no bounds, found in the document: a new resource needs no row in ``spectral.yaml``.

Bounds protect who reads. What is answered is the service's own or the core's, and a client has to take what may come.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from schemas.fields import TIMESTAMP_PATTERN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LIMITS = ("array-limit", "integer-limit", "string-limit")
# They are never refused: one that does not fit is passed over.
_PASSED_OVER = {"X-Request-ID", "Prefer"}
_METHODS = {"get", "patch", "put"}


def overrides(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Spectral's ``overrides``."""
    return [_without_bounds(document), _without_a_rate(document)]


def _without_a_rate(document: dict[str, Any]) -> dict[str, Any]:
    """What is only read counts against no quota, so that it is never refused for one."""
    places = [place for place, _ in _operations(document) if place[-1] == "get"]
    rules = {"owasp:api4:2023-rate-limit-responses-429": "off"}
    return {"files": sorted(map(_pointer, places)), "rules": rules}


def _without_bounds(document: dict[str, Any]) -> dict[str, Any]:
    answered = [("components", "headers"), ("components", "responses")]
    places = [*answered, *_answers(document), *_of_one_length(document), *_passed_over(document)]
    return {"files": sorted(map(_pointer, places)), "rules": {f"owasp:api4:2023-{limit}": "off" for limit in _LIMITS}}


def _answers(document: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Components that no request holds."""
    for name in document["components"]["schemas"].keys() - _asked(document):
        yield "components", "schemas", name


def _of_one_length(document: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """UUIDs and moments, by their format and pattern; and what is in ``if`` and ``then``, with its bounds beside it."""
    for name in _asked(document):
        place = ("components", "schemas", name)
        yield from _fixed(document["components"]["schemas"][name], place)
    for place, operation in _operations(document):
        yield from _fixed(operation["parameters"], (*place, "parameters"))


def _passed_over(document: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for place, operation in _operations(document):
        for position, parameter in enumerate(operation["parameters"]):
            if parameter["name"] in _PASSED_OVER:
                yield *place, "parameters", str(position)


def _operations(document: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for method in _METHODS & operations.keys():
            yield ("paths", path, method), operations[method]


def _asked(document: dict[str, Any]) -> set[str]:
    """Components that a request holds."""
    schemas = document["components"]["schemas"]
    found: set[str] = set()
    left = [name for _, operation in _operations(document) for name in _named(operation.get("requestBody"))]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += _named(schemas[name])
    return found


def _named(node: object) -> list[str]:
    return re.findall("#/components/schemas/([A-Za-z]+)", repr(node))


def _fixed(node: object, place: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(node, list):
        for position, entry in enumerate(node):
            yield from _fixed(entry, (*place, str(position)))
    elif isinstance(node, dict):
        if _has_one_length(node):
            yield place
            return
        for name, entry in node.items():
            if name in {"if", "then"}:
                yield *place, name
            else:
                yield from _fixed(entry, (*place, name))


def _has_one_length(schema: dict[str, Any]) -> bool:
    return schema.get("format") == "uuid" or schema.get("then") == {"pattern": f"^{TIMESTAMP_PATTERN}$"}


def _pointer(place: Iterable[str]) -> str:
    return "**#" + "".join(f"/{_escaped(part)}" for part in place)


def _escaped(part: str) -> str:
    """RFC 6901 section 6."""
    return quote(part.replace("~", "~0").replace("/", "~1"), safe="~")
