"""Requests and answers of handlers, and the bytes of an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

Ending = Literal["keep", "close", "hang", "reset", "vanish", "truncate", "drip"]

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_BODILESS = frozenset({204, 304})


class Request(NamedTuple):
    """A complete request. Header names are lower case; ``target`` is the raw path and query."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path, without query, percent-decoded."""
        return unquote(self.target.partition("?")[0])

    @property
    def query(self) -> dict[str, str]:
        """Query parameters; of a repeated one the last."""
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query).items()}

    def json(self) -> Any:
        """The body as JSON. Raises ValueError where it is none."""
        return orjson.loads(self.body)

    def form(self) -> dict[str, str]:
        """The body as an HTML form; of a repeated field the last."""
        fields = parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return {name: values[-1] for name, values in fields.items()}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. ``delay`` is in seconds.

    ``ending`` says what becomes of the connection:
    ``keep`` it, or ``close`` it after the answer.
    ``hang`` never answers. ``reset`` and ``vanish`` send RST or FIN instead of an answer.
    ``drip`` sends a byte at a time. ``truncate`` sends half the answer, then FIN.
    """

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    ending: Ending = "keep"

    def encode(self) -> bytes:
        """Head and body in one piece."""
        lines = [_STATUS_LINES.get(self.status) or f"HTTP/1.1 {self.status} \r\n".encode()]
        lines += [f"{name}: {value}\r\n".encode() for name, value in self.headers]
        if self.status not in _BODILESS:
            lines.append(b"Content-Length: %d\r\n" % len(self.body))
        if self.ending == "close":
            lines.append(b"Connection: close\r\n")
        # Two sends would cost the peer's delayed ACK.
        return b"".join((*lines, b"\r\n", b"" if self.status in _BODILESS else self.body))


Handler = Callable[[Request], Answer]


class Refusal(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def json_answer(value: Any, status: int = 200, *headers: tuple[str, str]) -> Answer:
    return Answer(status, orjson.dumps(value), (("Content-Type", "application/json"), *headers))
