"""When a busy core can be asked again, as its header or its body says."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_RETRY_AFTER = 86_400.0


def retry_after(value: str | None, wall_clock: Callable[[], float]) -> float | None:
    """The seconds that a ``Retry-After`` asks for, at most a day (RFC 9110 section 10.2.3).

    None for a malformed value. A date in the past means 0.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:10]), MAX_RETRY_AFTER)) if len(text) <= 10 else MAX_RETRY_AFTER
    try:
        at = parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return min(max(0.0, at - wall_clock()), MAX_RETRY_AFTER)


def wait_in_body(value: object, wall_clock: Callable[[], float]) -> float | None:
    """The same of a text, or of a number of seconds. None for any other value."""
    if type(value) is int or type(value) is float:
        return min(float(value), MAX_RETRY_AFTER) if value >= 0 else None
    return retry_after(value, wall_clock) if type(value) is str else None
