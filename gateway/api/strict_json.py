"""Strict JSON (RFC 8259, I-JSON RFC 7493)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson

from gateway.api.exact_json import InvalidJson, parse_exactly
from gateway.api.json_size import JsonSize, at_most, has_more_brackets, is_larger, is_too_short_for_more, names_at_most

if TYPE_CHECKING:
    from collections.abc import Callable


# orjson refuses invalid UTF-8, NaN, Infinity and lone surrogates.
# It accepts duplicate names and 1,024 levels, and turns long integers into floats.
MAX_DEPTH = 32
_SPOILED = 10**9
_PAUSE_EVERY = 4096
# So many bytes are parsed in two milliseconds, whatever they hold. To count what is parsed is cheaper than to search.
_SMALL = 65_536
# orjson writes 254 levels and no more. These stand around a document, so that it may have MAX_DEPTH.
_AROUND = 254 - MAX_DEPTH  # six times a whole number


class TooLarge(ValueError): ...


def parse(body: bytes, most: JsonSize, let_others_run: Callable[[], None]) -> Any:
    """Raises TooLarge or InvalidJson."""
    if not body:
        raise InvalidJson("The body is empty.")
    is_small, fits = len(body) <= _SMALL, True
    if is_too_short_for_more(len(body), most):
        may_be_deep = has_more_brackets(body, MAX_DEPTH)
    else:
        bound = at_most(body, most.names, let_others_run)
        fits, may_be_deep = bound.fits(most), bound.containers > MAX_DEPTH
    if not fits and not is_small and is_larger(body, most, let_others_run):
        raise TooLarge
    document = _parse(body)
    if not is_small:
        let_others_run()
    # What is written back byte for byte has lost no name and no digit.
    if fits and may_be_compact(body) and _is_written_back(document, body, may_be_deep=may_be_deep):
        return document
    size = _size_of(document, let_others_run)
    if is_small and not size.fits(most):
        raise TooLarge
    # If as many names were parsed as the text has at most, none was dropped as a duplicate.
    # In doubt, the exact parser decides.
    if names_at_most(body) == size.names:
        return document
    return parse_exactly(body, let_others_run)


def parse_piece(text: bytes, let_others_run: Callable[[], None]) -> Any:
    """None where it is not JSON, or only the exact parser can say whether it is strict."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if may_be_compact(text):
        return document if _is_written_back(document, text, may_be_deep=True) else None
    try:
        size = _size_of(document, let_others_run)
    except InvalidJson:
        return None
    return document if names_at_most(text) == size.names else None


def _is_written_back(document: Any, body: bytes, *, may_be_deep: bool) -> bool:
    """False too where it is nested deeper than MAX_DEPTH."""
    around = _AROUND if may_be_deep else 0
    for _ in range(0, around, 6):
        document = [[[[[[document]]]]]]
    try:
        written = orjson.dumps(document)
    except orjson.JSONEncodeError:
        return False
    return len(written) == len(body) + 2 * around and written.startswith(body, around)


def may_be_compact(body: bytes) -> bool:
    """No white space behind its first name, and no letter spelt by its number."""
    return not body.startswith(b'": ', body.find(b'":')) and not (b"\\" in body and b"\\u" in body)


def _parse(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise InvalidJson(_reason(body, exc)) from exc


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
        reason = f"{exc.msg[0].upper()}{exc.msg[1:]}" if exc.msg else "Malformed"
        line, column = exc.lineno, exc.colno
    return f"Not valid JSON: {reason} at line {line}, column {column}."


def _size_of(document: Any, let_others_run: Callable[[], None]) -> JsonSize:
    """Far too few names where it has a float."""
    # A float may be an integer that lost digits, so it spoils the count.
    # Level by level costs a third less than a call for each object.
    values, containers, names, level = 1, 0, 0, [document]
    for _ in range(MAX_DEPTH):
        members: list[Any] = []
        is_long = len(level) > _PAUSE_EVERY
        for start in range(0, len(level), _PAUSE_EVERY):
            if is_long:
                let_others_run()
            for value in level[start : start + _PAUSE_EVERY] if is_long else level:
                kind = type(value)
                if kind is dict:
                    names += len(value)
                    containers += 1
                    members += value.values()
                elif kind is list:
                    members += value
                    containers += 1
                elif kind is float:
                    names -= _SPOILED
        values += len(members)
        level = [member for member in members if type(member) is not str]
        if not level:
            return JsonSize(values, containers, names)
    if any(type(value) is dict or type(value) is list for value in level):
        raise InvalidJson(f"Nested deeper than {MAX_DEPTH} levels.")
    return JsonSize(values, containers, names - _SPOILED)
