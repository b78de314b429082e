"""Strict JSON (RFC 8259, I-JSON RFC 7493)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson

from gateway.api.exact_json import InvalidJson, parse_exactly
from gateway.api.json_size import at_most, is_larger

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.api.json_size import JsonSize

# orjson refuses invalid UTF-8, NaN, Infinity and lone surrogates.
# It accepts duplicate names and 1,024 levels, and turns long integers into floats.
MAX_DEPTH = 32
_SPOILED = 10**9
_PAUSE_EVERY = 4096


class TooLarge(ValueError): ...


def parse(body: bytes, most: JsonSize, let_others_run: Callable[[], None]) -> Any:
    """Raises TooLarge or InvalidJson."""
    if not body:
        raise InvalidJson("The body is empty.")
    bound = at_most(body, let_others_run)
    if not bound.fits(most) and is_larger(body, most, let_others_run):
        raise TooLarge
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise InvalidJson(_reason(body, exc)) from exc
    let_others_run()
    names = _count_names(document, let_others_run)
    # If as many names were parsed as the text has at most, none was dropped as a duplicate.
    # In doubt, the exact parser decides.
    if bound.names == names:
        return document
    return parse_exactly(body, let_others_run)


def _reason(body: bytes, exc: orjson.JSONDecodeError) -> str:
    """Lines and columns count from 1."""
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
    """Far too few where it has a float."""
    # A float may be an integer that lost digits, so it spoils the count.
    # Level by level costs a third less than a call for each object.
    count, level = 0, [document]
    for _ in range(MAX_DEPTH):
        members: list[Any] = []
        is_long = len(level) > _PAUSE_EVERY
        for start in range(0, len(level), _PAUSE_EVERY):
            if is_long:
                let_others_run()
            for value in level[start : start + _PAUSE_EVERY] if is_long else level:
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
