from __future__ import annotations

import os
import re
import time
from contextvars import ContextVar

_WELL_FORMED = re.compile(r"[A-Za-z0-9._~:/+=-]{1,128}")
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [high + low for high in _DIGITS for low in _DIGITS]
# Local to the greenlet or thread.
request_context: ContextVar[str] = ContextVar("request_id", default="")


def request_id(given: str) -> str:
    """The caller's own id if it is well-formed, else a new one (``contract.md`` 1.3)."""
    return given if _WELL_FORMED.fullmatch(given) else _ulid()


def _ulid() -> str:
    """48 bits of milliseconds and 80 random ones in Crockford's base 32 (github.com/ulid/spec)."""
    # The library, which others here use, takes five times as long, and each request needs one.
    number = (time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10))
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])
