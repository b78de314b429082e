"""Heads as clients usually send them, read in one piece. gunicorn's parser reads all others."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from gunicorn.http.message import DEFAULT_MAX_HEADERFIELD_SIZE, MAX_HEADERS, MAX_REQUEST_LINE

from gateway.serving.authority import is_host
from gateway.serving.plain_fields import plain_fields

_END = b"\r\n\r\n"
# A target with two slashes in front could be taken for a host.
_LINE = re.compile(rb"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (/(?!/)[!\"$-~]*) HTTP/1\.1")
_MOST_DIGITS = 15


class PlainHead(NamedTuple):
    """Of HTTP/1.1, with one well-formed Host. ``fields`` are by their variables (PEP 3333).

    ``length`` of the body in bytes. ``end``: where the body begins.
    """

    method: str
    target: str
    fields: dict[str, str]
    length: int
    closes: bool
    end: int


class PlainHeads:
    """What they take, gunicorn takes alike under ``config``."""

    def __init__(self, config: Any) -> None:
        # Before the first head there may be another one; and a method may be meant in other case.
        self._is_off = config.proxy_protocol != "off" or config.casefold_http_method
        self.scheme = "https" if config.is_ssl else "http"
        self._most_in_line = _bounded(config.limit_request_line, MAX_REQUEST_LINE)
        self._most_fields = _bounded(config.limit_request_fields, MAX_HEADERS)
        self._most_in_field = config.limit_request_field_size
        if self._most_in_field <= 0:
            self._most_in_field = DEFAULT_MAX_HEADERFIELD_SIZE

    def read(self, data: bytes) -> PlainHead | None:
        """None where anything is unusual, or the head is not whole."""
        end = data.find(_END)
        if end < 0 or self._is_off:
            return None
        line_end = data.find(b"\r\n")
        line = _LINE.fullmatch(data, 0, line_end)
        if line is None or line_end > self._most_in_line or line_end == end:
            return None
        section = data[line_end + 2 : end]
        lines = section.count(b"\n") + 1
        if lines > self._most_fields:
            return None
        fields = plain_fields(section, lines, self._most_in_field)
        if fields is None or not _is_host(fields.get("HTTP_HOST", "")) or "HTTP_TRANSFER_ENCODING" in fields:
            return None
        digits = fields.get("CONTENT_LENGTH", "0")
        if not (digits.isdigit() and digits.isascii() and len(digits) <= _MOST_DIGITS):
            return None
        closes = "HTTP_CONNECTION" in fields and _asks_to_close(fields["HTTP_CONNECTION"])
        method, target = line.groups()
        return PlainHead(method.decode(), target.decode(), fields, int(digits), closes, end + len(_END))


# A client sends one host, and a service has few.
_is_host = lru_cache(256)(is_host)


def _asks_to_close(options: str) -> bool:
    """RFC 9112 section 9.6."""
    return any(option.strip(" \t") == "close" for option in options.lower().split(","))


def _bounded(limit: int, most: int) -> int:
    return limit if 0 < limit < most else most
