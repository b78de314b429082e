"""Strict JSON (RFC 8259, I-JSON RFC 7493): orjson parses, and what orjson lets pass is checked in cheap passes after it.

orjson itself refuses invalid UTF-8, a BOM, NaN, Infinity and lone surrogates. It accepts duplicate names (the last wins),
turns integers over 64 bits into floats, and nests 1,024 deep.
"""

from __future__ import annotations

import json
import math
from typing import Any

import orjson

MAX_DEPTH = 32
_SPOILED = 10**9
_WHITE = (b" ", b"\t", b"\n", b"\r")


class InvalidJson(ValueError):
    """The bytes are not a JSON document that is accepted; the message says why and, where known, where."""


def parse(body: bytes) -> Any:
    """The document in ``body``.

    Raises InvalidJson for anything RFC 8259 refuses, duplicate names, numbers that are not finite, and nesting deeper
    than MAX_DEPTH.
    """
    if not body:
        raise InvalidJson("The body is empty.")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise InvalidJson(_where(exc)) from exc
    names = _count_names(document)
    # Where no colon has white space before it, each name in the text ends in `":`. As many of these as names were
    # parsed means that none was dropped as a duplicate; any doubt goes to the exact parse.
    if body.count(b'":') == names and not any(white in body and white + b":" in body for white in _WHITE):
        return document
    return _reparse(body)


def _where(exc: orjson.JSONDecodeError) -> str:
    reason = exc.msg.split(":", 1)[0].strip().capitalize() if exc.msg else "Malformed"
    return f"Not valid JSON: {reason.rstrip('.')} at line {exc.lineno}, column {exc.colno}."


def _count_names(document: Any) -> int:
    """How many names the document has; a float, which may be an integer that lost digits, spoils the count on purpose.

    Level by level, which costs a third less than a call for each object; strings, most of it all, are left out at once.
    """
    count, level = 0, [document]
    for _ in range(MAX_DEPTH):
        members: list[Any] = []
        for value in level:
            kind = type(value)
            if kind is dict:
                count += len(value)
                members += value.values()
            elif kind is list:
                members += value
            elif kind is float:
                count -= _SPOILED
        level = [member for member in members if type(member) is not str]
        if not level:
            return count
    if any(type(value) is dict or type(value) is list for value in level):
        raise InvalidJson(f"Nested deeper than {MAX_DEPTH} levels.")
    return count - _SPOILED


def _reparse(body: bytes) -> Any:
    """The exact, slower parse: names the duplicate, keeps long integers."""
    try:
        return json.loads(body, object_pairs_hook=_unique, parse_float=_finite)
    except InvalidJson:
        raise
    except ValueError as exc:
        raise InvalidJson("Not valid JSON: a number has too many digits.") from exc


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for name, value in pairs:
        if name in names:
            raise InvalidJson(f"The name {json.dumps(name[:100])} appears twice in one object.")
        names[name] = value
    return names


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise InvalidJson("A number is too large.")
    return number
