"""Strict JSON (RFC 8259, I-JSON RFC 7493): orjson parses, and what orjson lets pass is checked in C-speed passes after it.

orjson itself refuses invalid UTF-8, a BOM, NaN, Infinity and lone surrogates. It accepts duplicate names (the last wins),
turns integers over 64 bits into floats, and nests 1,024 deep.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import orjson

MAX_DEPTH = 32
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_ONLY_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


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
    structure = _structure(body)
    _check_depth(structure)
    # Each name has one colon after it: where the parsed names are fewer, some were duplicates. A float may be an
    # integer that lost digits, so it is counted as a mismatch too.
    if structure.count(b":") == _count_names(document):
        return document
    return _reparse(body)


def _where(exc: orjson.JSONDecodeError) -> str:
    reason = exc.msg.split(":", 1)[0].strip().capitalize() if exc.msg else "Malformed"
    return f"Not valid JSON: {reason.rstrip('.')} at line {exc.lineno}, column {exc.colno}."


def _structure(body: bytes) -> bytes:
    """``body`` without the contents of its strings; exact for valid JSON."""
    if b"\\" in body:
        body = _ESCAPE.sub(b"", body)
    return b"".join(body.split(b'"')[::2])


def _check_depth(structure: bytes) -> None:
    """Strip the innermost brackets once per level; what is left after MAX_DEPTH rounds is nested deeper."""
    brackets = structure.translate(None, _ONLY_BRACKETS)
    for _ in range(MAX_DEPTH):
        if not brackets:
            return
        brackets = _without_innermost(brackets)
    if brackets:
        raise InvalidJson(f"Nested deeper than {MAX_DEPTH} levels.")


def _without_innermost(brackets: bytes) -> bytes:
    return brackets.replace(b"{}", b" ").replace(b"[]", b" ").replace(b" ", b"")


def _count_names(value: Any) -> int:
    """How many names the document has, at most 32 levels down; a float makes the count differ from any true one."""
    kind = type(value)
    if kind is dict:
        count = len(value)
        for member in value.values():
            if type(member) is not str:
                count += _count_names(member)
        return count
    if kind is list:
        return sum(_count_names(member) for member in value if type(member) is not str)
    return -(10**9) if kind is float else 0


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
