"""Header fields that have one value (RFC 9110 section 5.3): sent twice, nobody can know which of the two is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gunicorn.http.errors import ParseException

if TYPE_CHECKING:
    from collections.abc import Iterable

# `Host` and `Content-Length` are the parser's own to refuse; `Authorization` is answered with a challenge.
_SINGLE = (
    "Content-Location", "Content-Range", "Content-Type", "Date", "From", "Idempotency-Key", "If-Modified-Since",
    "If-Range", "If-Unmodified-Since", "Max-Forwards", "Origin", "Range", "Referer", "Sec-Fetch-Site", "traceparent",
    "User-Agent", "X-Request-ID",
)  # fmt: skip
_NAMES = {name.upper(): name for name in _SINGLE}


class RepeatedField(ParseException):  # type: ignore[misc]  # gunicorn ships no types
    """A field that has one value was sent twice. ``field`` is its name as it is usually written."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def check_single(fields: Iterable[tuple[str, str]]) -> None:
    """Raises RepeatedField for the first single-valued field that comes again; names are in upper case."""
    seen = set[str]()
    for name, _ in fields:
        if name in _NAMES:
            if name in seen:
                raise RepeatedField(_NAMES[name])
            seen.add(name)
