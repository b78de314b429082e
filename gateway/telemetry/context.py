from __future__ import annotations

import os
import re
import time
from contextvars import ContextVar
from functools import lru_cache

_WELL_FORMED = re.compile(r"[A-Za-z0-9._~:/+=-]{1,128}")
_DIGITS = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Its low five bits choose a digit, so that each is as likely as the others.
_DIGIT_OF_BYTE = _DIGITS * 8
_PAIRS = tuple(chr(high) + chr(low) for high in _DIGITS for low in _DIGITS)
"""Two digits for each ten bits."""
# Local to the greenlet or thread.
request_context: ContextVar[str] = ContextVar("request_id", default="")


def request_id(given: str) -> str:
    """The caller's own id if it is well-formed, else a new one (``contract.md`` 1.3)."""
    return given if _WELL_FORMED.fullmatch(given) else _ulid()


def _ulid() -> str:
    """48 bits of milliseconds and 80 random ones in Crockford's base 32 (github.com/ulid/spec)."""
    # The library, which others here use, takes twenty times as long, and each request needs one.
    milliseconds = time.time_ns() // 1_000_000
    return (
        _high_digits(milliseconds >> 10)
        + _PAIRS[milliseconds & 1023]
        + os.urandom(16).translate(_DIGIT_OF_BYTE).decode()
    )


# They change once a second.
@lru_cache(1)
def _high_digits(bits: int) -> str:
    """Eight digits for 40 bits."""
    return "".join([_PAIRS[bits >> low & 1023] for low in (30, 20, 10, 0)])
