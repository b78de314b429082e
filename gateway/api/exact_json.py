"""A slow, exact parser for well-formed JSON: finds duplicate names, keeps long integers."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TOKEN = re.compile(rb"""[\s,:]*+(?:(?P<open>[\[{])|(?P<close>[\]}])|(?P<quote>")|(?P<scalar>[^\s,:"\[\]{}]++))""")
_LITERALS = {b"true": True, b"false": False, b"null": None}
_PAUSE_EVERY = 256


class InvalidJson(ValueError):
    """The text says why and, if known, where."""


def parse_exactly(body: bytes, let_others_run: Callable[[], None]) -> Any:
    """``body`` is what orjson accepts. Raises InvalidJson."""
    building = _Building()
    for place, (kind, text) in enumerate(_tokens(body, let_others_run)):
        if not place % _PAUSE_EVERY:
            let_others_run()
        building.take(kind, text)
    return building.document


def _tokens(body: bytes, let_others_run: Callable[[], None]) -> Iterator[tuple[str | None, bytes]]:
    at = 0
    while token := _TOKEN.match(body, at):
        kind, at = token.lastgroup, token.end()
        if kind == "quote":
            begins, at = at - 1, _end_of_string(body, at, let_others_run)
            yield kind, body[begins:at]
        else:
            yield kind, body[token.start(kind or 0) : at]


def _end_of_string(body: bytes, at: int, let_others_run: Callable[[], None]) -> int:
    """The position after the closing quote."""
    while True:
        quote = body.index(b'"', at)
        before = body[at:quote]
        at = quote + 1
        if (len(before) - len(before.rstrip(b"\\"))) & 1 == 0:
            return at
        let_others_run()


class _Building:
    def __init__(self) -> None:
        self._outermost: list[Any] = []
        self._open: list[list[Any] | dict[str, Any]] = [self._outermost]
        self._name: str | None = None

    @property
    def document(self) -> Any:
        return self._outermost[0]

    def take(self, kind: str | None, text: bytes) -> None:
        if kind == "quote":
            self._take_string(orjson.loads(text))
        elif kind == "scalar":
            self._put(_scalar(text))
        elif kind == "open":
            opened: list[Any] | dict[str, Any] = [] if text == b"[" else {}
            self._put(opened)
            self._open.append(opened)
        elif kind == "close":
            self._open.pop()

    def _take_string(self, string: str) -> None:
        holder = self._open[-1]
        if type(holder) is list or self._name is not None:
            self._put(string)
        elif string in holder:
            raise InvalidJson(f"The name {json.dumps(string[:100])} appears twice in one object.")
        else:
            self._name = string

    def _put(self, value: Any) -> None:
        holder = self._open[-1]
        if isinstance(holder, list):
            holder.append(value)
        elif self._name is not None:
            holder[self._name] = value
            self._name = None


def _scalar(text: bytes) -> object:
    if text in _LITERALS:
        return _LITERALS[text]
    try:
        if text.lstrip(b"-").isdigit():
            return int(text)
    except ValueError as exc:
        raise InvalidJson("Not valid JSON: a number has too many digits.") from exc
    number = float(text)
    if not math.isfinite(number):
        raise InvalidJson("A number is too large.")
    return number
