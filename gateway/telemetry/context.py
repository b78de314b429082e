from __future__ import annotations

import re
from contextvars import ContextVar

from ulid import ULID

_WELL_FORMED = re.compile(r"[A-Za-z0-9._~:/+=-]{1,128}")
# Local to the greenlet or thread.
request_context: ContextVar[str] = ContextVar("request_id", default="")


def request_id(given: str) -> str:
    """The caller's own id if it is well-formed, else a new ULID (``contract.md`` 1.3)."""
    return given if _WELL_FORMED.fullmatch(given) else str(ULID())
