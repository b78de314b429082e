from __future__ import annotations

from typing import TYPE_CHECKING

from gunicorn.http.errors import ParseException

if TYPE_CHECKING:
    from collections.abc import Iterable

# A second `Authorization` gets a challenge.
_SINGLE = (
    "Content-Length", "Content-Location", "Content-Range", "Content-Type", "Date", "From", "Host", "Idempotency-Key",
    "If-Modified-Since", "If-Range", "If-Unmodified-Since", "Max-Forwards", "Origin", "Range", "Referer",
    "Sec-Fetch-Site", "traceparent", "User-Agent", "X-Request-ID",
)  # fmt: skip
_NAMES = {name.upper(): name for name in _SINGLE}


class RepeatedField(ParseException):  # type: ignore[misc]  # gunicorn ships no types
    """``name`` is in upper case."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.field = _NAMES[name]


def check_single(fields: Iterable[tuple[str, str]]) -> None:
    """Fields that have one value (RFC 9110 section 5.3); names are in upper case. Raises RepeatedField."""
    seen = set[str]()
    for name, _ in fields:
        if name in _NAMES:
            if name in seen:
                raise RepeatedField(name)
            seen.add(name)
