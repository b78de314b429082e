"""What the map could say of a 2xx that is no success, as its body shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gateway.core.check.answers import document
from gateway.core.check.finding import Proposal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from legacy_client.single.seen import Seen

# What cores call the flag, the code, the message, and errors by field.
_FLAGS = ("ok", "success", "status", "result", "error", "code")
_CODES = ("code", "errno", "error_code", "errorCode")
_MESSAGES = ("message", "text", "msg", "detail")
_ERRORS = ("errors", "fields")
_DEEPEST = 3
# A code is a word of the protocol; anything else may be somebody's data.
_is_code = re.compile(r"[A-Za-z0-9_.-]{1,32}").fullmatch
is_key = re.compile(r"[A-Za-z0-9_-]{1,32}").fullmatch
"""Whether a name stands in a map as it is."""


def proposals(seen: Seen, word: str) -> list[Proposal]:
    """``word`` is what the answer should mean. Empty for any other status."""
    found = document(seen)
    flag = next((name for name in _FLAGS if type(found) is dict and name in found), "")
    if not 200 <= seen.status < 300 or not flag:
        return []
    place = "error_at" if flag == "error" else "ok_at"
    lines = [Proposal(f'[answers] {place} = "{flag}"', f"where a {seen.status} says whether it is a success")]
    lines += _at(found, _CODES, _is_a_code, "code_at", "where it says why not")
    for _, code in _named(found, _CODES, _is_a_code, ""):
        lines.append(Proposal(f'[codes] {_key(code)} = "{word}"', "what it said here"))
        break
    lines += _at(found, _MESSAGES, lambda value: type(value) is str, "message_at", "its words for people")
    lines += _at(found, _ERRORS, lambda value: type(value) is dict, "errors_at", "its errors by field")
    return lines


def place_of_errors(seen: Seen, is_field: Callable[[str], bool]) -> str:
    """The path of an object by fields of the core; "…" where there is none."""
    return next((path for path, found in _objects(document(seen), "") if path and any(map(is_field, found))), "…")


def _objects(value: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Paths and objects, from the outside in."""
    if type(value) is not dict or path.count(".") >= _DEEPEST:
        return
    yield path, value
    for name, inner in value.items():
        if is_key(name):
            yield from _objects(inner, f"{path}.{name}" if path else name)


def _at(found: Any, names: tuple[str, ...], fits: Callable[[Any], bool], key: str, why: str) -> list[Proposal]:
    return [Proposal(f'[answers] {key} = "{path}"', why) for path, _ in _named(found, names, fits, "")][:1]


def _named(value: Any, names: tuple[str, ...], fits: Callable[[Any], bool], above: str) -> Iterator[tuple[str, Any]]:
    """Paths and values, from the outside in."""
    if type(value) is not dict or above.count(".") >= _DEEPEST:
        return
    for name in names:
        if name in value and fits(value[name]):
            yield f"{above}{name}", value[name]
    for name, inner in value.items():
        if is_key(name):
            yield from _named(inner, names, fits, f"{above}{name}.")


def _key(code: object) -> str:
    return str(code) if is_key(str(code)) else f'"{code}"'


def _is_a_code(value: Any) -> bool:
    return type(value) in (int, str) and _is_code(str(value)) is not None
