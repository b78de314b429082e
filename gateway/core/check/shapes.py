"""What a body looks like, without what it says."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import orjson

from legacy_client.operations import is_uuid

_DEEPEST = 6
_MOST_NAMES = 40
_LONGEST_NAME = 40
# Anything else may be somebody's data: an address, a number, an id.
_is_name = re.compile(r"[A-Za-z_@$][A-Za-z0-9_./\[\]-]*").fullmatch
_KINDS = {str: "text", bool: "flag", int: "integer", float: "number", type(None): "null"}


def shape_of(body: bytes) -> str:
    """Names and types of a JSON body, or what else it is."""
    if not body:
        return "empty"
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "a web page" if is_html(body) else "not JSON"
    return _text(document, 0)


def digest(body: bytes) -> str:
    """The same for the same body."""
    return hashlib.sha256(body).hexdigest()[:12]


def is_html(body: bytes) -> bool:
    return body.lstrip()[:15].lower().startswith((b"<!doctype", b"<html", b"<head", b"<body"))


def name_of(name: str) -> str:
    """Of a field or a header."""
    return name[:_LONGEST_NAME] if _is_name(name) and not is_uuid(name) else "…"


def _text(value: Any, depth: int) -> str:
    if type(value) is dict:
        return _object(value, depth)
    if type(value) is list:
        return f"[{_text(value[0], depth + 1)}]" if value and depth < _DEEPEST else "[]"
    return _KINDS[type(value)]


def _object(value: dict[str, Any], depth: int) -> str:
    if depth >= _DEEPEST:
        return "{…}"
    named = [f"{name_of(name)}: {_text(value[name], depth + 1)}" for name in sorted(value)[:_MOST_NAMES]]
    return f"{{{', '.join(named)}{', …' if len(value) > _MOST_NAMES else ''}}}"
