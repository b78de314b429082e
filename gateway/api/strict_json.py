"""Strict JSON (RFC 8259, I-JSON RFC 7493): orjson parses, and what orjson lets pass is checked in cheap passes after it.

orjson itself refuses invalid UTF-8, a BOM, NaN, Infinity and lone surrogates. It accepts duplicate names (the last wins),
turns integers over 64 bits into floats, and nests 1,024 deep.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson

from gateway.api.exact_json import InvalidJson, parse_exactly
from gateway.api.json_size import is_larger

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.api.json_size import JsonSize

MAX_DEPTH = 32
_SPOILED = 10**9
_WHITE = (b" ", b"\t", b"\n", b"\r")
_PAUSE_EVERY = 4096


class TooLarge(ValueError):
    """The bytes spell more than the caller allows."""


def parse(body: bytes, most: JsonSize, let_others_run: Callable[[], None]) -> Any:
    """The document in ``body``. ``let_others_run`` is called now and then, to let others run.

    Raises TooLarge before anything is parsed, and InvalidJson for anything RFC 8259 refuses, duplicate names,
    numbers that are not finite, and nesting deeper than MAX_DEPTH.
    """
    if not body:
        raise InvalidJson("The body is empty.")
    if is_larger(body, most, let_others_run):
        raise TooLarge
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise InvalidJson(_reason(body, exc)) from exc
    let_others_run()
    names = _count_names(document, let_others_run)
    # Where no colon has white space before it, each name in the text ends in `":`. As many of these as names were
    # parsed means that none was dropped as a duplicate; any doubt goes to the exact parse.
    if body.count(b'":') == names and not any(white in body and white + b":" in body for white in _WHITE):
        return document
    return parse_exactly(body, let_others_run)


def _reason(body: bytes, exc: orjson.JSONDecodeError) -> str:
    """What is wrong and where; lines and columns count from 1, columns in characters."""
    encoding = json.detect_encoding(body)
    if encoding == "utf-8-sig":
        return "Not valid JSON: It begins with a byte order mark; leave it out."
    if encoding != "utf-8":
        return f"The body must be UTF-8, not {encoding[:6].upper()}."
    try:
        body.decode()
    except UnicodeDecodeError as wrong:
        reason = "A character is cut off" if wrong.reason == "unexpected end of data" else "Not UTF-8"
        before = body[: wrong.start].decode()
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    else:
        reason = exc.msg.split(":", 1)[0].strip().capitalize().rstrip(".") if exc.msg else "Malformed"
        line, column = exc.lineno, exc.colno
    return f"Not valid JSON: {reason} at line {line}, column {column}."


def _count_names(document: Any, let_others_run: Callable[[], None]) -> int:
    """How many names the document has; a float, which may be an integer that lost digits, spoils the count on purpose.

    Level by level, which costs a third less than a call for each object; strings, most of it all, are left out at once.
    """
    count, level = 0, [document]
    for _ in range(MAX_DEPTH):
        members: list[Any] = []
        for start in range(0, len(level), _PAUSE_EVERY):
            let_others_run()
            for value in level[start : start + _PAUSE_EVERY] if start or len(level) > _PAUSE_EVERY else level:
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
