from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from gateway.admission.outage import said
from gateway.admission.redis_client import REDIS_ERRORS, connect
from gateway.audit.sink import AuditUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

_STREAM = "gateway:audit"
_TIMEOUT_SECONDS = 1.0
_DAY_SECONDS = 86_400.0
_PAGE = 500
_NEARLY_FULL = 0.9


class RedisSink:
    """A stream for the workers of all hosts. Lines go after ``days``, and the oldest beyond ``max_bytes``."""

    def __init__(
        self,
        url: str,
        *,
        max_bytes: int,
        days: float,
        url_now: Callable[[], str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._redis: Any = connect(url, _TIMEOUT_SECONDS, url_now)
        self._max_bytes = max_bytes
        self._seconds = days * _DAY_SECONDS
        self._clock = clock

    def write(self, lines: Sequence[bytes]) -> None:
        oldest = round((self._clock() - self._seconds) * 1000)
        try:
            pipe = self._redis.pipeline()
            for line in lines:
                pipe.xadd(_STREAM, {"line": line})
            pipe.xtrim(_STREAM, minid=max(0, oldest), approximate=True)
            pipe.memory_usage(_STREAM)
            pipe.xlen(_STREAM)
            *_, used, length = pipe.execute()
            # The idempotency records must always have room.
            if used > self._max_bytes:
                self._redis.xtrim(_STREAM, maxlen=int(length * _NEARLY_FULL), approximate=False)
        except REDIS_ERRORS as exc:
            raise _unavailable(exc) from exc

    def newest(self, since: datetime | None = None) -> Iterator[bytes]:
        last, first = "+", str(round(since.timestamp() * 1000)) if since else "-"
        try:
            while page := self._redis.xrevrange(_STREAM, last, first, count=_PAGE):
                yield from (fields[b"line"] for _, fields in page)
                last = f"({page[-1][0].decode()}"
        except REDIS_ERRORS as exc:
            raise _unavailable(exc) from exc

    def close(self) -> None:
        self._redis.close()


def _unavailable(error: Exception) -> AuditUnavailable:
    return AuditUnavailable(f"{type(error).__name__}: {said(error)}")
