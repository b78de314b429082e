"""JSON of the core in which a value is broken. The other values are read."""

from __future__ import annotations

import json
import math
import re
from itertools import islice

import orjson

from legacy_client.sending.texts import BROKEN, in_utf8, mended_texts

UNREADABLE = object()
"""Stands for a value that cannot be read; it has the type of no field."""
# The standard library takes a microsecond for each value, and the event loop waits for it.
_MOST_VALUES = 10_000
# A larger text takes tens of milliseconds.
_MOST_BYTES = 262_144
_MOST_DIGITS = 20
# The deepest field of any answer stands at 8.
_DEEPEST = 64
_TOKEN = re.compile(r'"(?:[^"\\]|\\.?)*+(?:"|\Z)|[\[{]|[\]}]', re.DOTALL)
_CONSTANT = "NaN"
_MARKS = (b",", b"[", b"{")
_WITHOUT_ESCAPES = re.compile(rb"\\.", re.DOTALL).sub


def document_in(body: bytes, content_type: str | None) -> object:
    """orjson refused the body; a broken value is ``UNREADABLE``. Raises ValueError."""
    try:
        return orjson.loads(in_utf8(body, content_type))
    except orjson.JSONDecodeError:
        return _readable(as_written(body, content_type), 1)


def as_written(body: bytes, content_type: str | None) -> object:
    """Exact integers and unchanged texts. Raises ValueError."""
    if len(body) > _MOST_BYTES:
        raise ValueError("too large")
    if _has_too_many_values(body):
        raise ValueError("too many values")
    for text in mended_texts(body, content_type):
        try:
            return _parsed(text)
        except (ValueError, RecursionError):
            continue
    raise ValueError("not JSON")


def _has_too_many_values(body: bytes) -> bool:
    if sum(map(body.count, _MARKS)) <= _MOST_VALUES:
        return False
    # This is dearer: what stands in texts does not count.
    outside = b"".join(_WITHOUT_ESCAPES(b"", body).split(b'"')[::2])
    return sum(map(outside.count, _MARKS)) > _MOST_VALUES


def _parsed(text: str) -> object:
    try:
        return _loads(text)
    except RecursionError:
        return _loads(_without_depths(text))


def _loads(text: str) -> object:
    # RFC 8259 knows neither NaN nor raw control characters; a core may.
    return json.loads(text, strict=False, parse_int=_integer, parse_constant=lambda _name: UNREADABLE)


def _integer(digits: str) -> object:
    return int(digits) if len(digits) <= _MOST_DIGITS else UNREADABLE


def _without_depths(text: str) -> str:
    """``NaN`` stands for each value that is nested too deep."""
    kept, depth, begin = [], 0, 0
    # An object of one text has four: its brackets, the name and the text.
    for token in islice(_TOKEN.finditer(text), 4 * _MOST_VALUES):
        if token[0] in ("[", "{"):
            depth += 1
            if depth == _DEEPEST:
                kept.append(text[begin : token.start()])
        elif token[0] in ("]", "}"):
            if depth == _DEEPEST:
                kept.append(_CONSTANT)
                begin = token.end()
            depth -= 1
    return "".join(kept) + text[begin:]


def _readable(value: object, depth: int) -> object:
    """Without what JSON in UTF-8 cannot hold."""
    if type(value) is str:
        return UNREADABLE if BROKEN.search(value) else value
    if type(value) is int:
        return value if -(2**63) <= value < 2**64 else UNREADABLE
    if type(value) is float:
        return value if math.isfinite(value) else UNREADABLE
    if depth > _DEEPEST:
        return UNREADABLE
    if type(value) is list:
        return [_readable(part, depth + 1) for part in value]
    if type(value) is dict:
        return {name: _readable(part, depth + 1) for name, part in value.items()}
    return value
