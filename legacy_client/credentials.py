"""No header value may reach a log or an error."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Protocol

from legacy_client.errors import Misconfigured, Unreachable
from legacy_client.header_line import header_line
from legacy_client.watched_files import WatchedFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from legacy_client.call_context import CallContext

_log = logging.getLogger(__name__)
# What usual servers take of one line.
_MOST_HEADER_BYTES = 8192


class CoreCredentials(Protocol):
    def headers(self, context: CallContext) -> Mapping[str, str]:
        """For the next attempt. Raises NotSent where there are none."""
        ...

    def refused(self, headers: Mapping[str, str]) -> bool:
        """The core answered 401 to ``headers``. True if there are better ones now."""
        ...


class Anonymous:
    def headers(self, context: CallContext) -> Mapping[str, str]:
        return {}

    def refused(self, headers: Mapping[str, str]) -> bool:
        return False


class ForwardedCredentials:
    def headers(self, context: CallContext) -> Mapping[str, str]:
        """Raises Misconfigured where the caller has none."""
        if not context.authorization:
            raise Misconfigured("the caller has no Authorization to forward")
        return {"Authorization": context.authorization}

    def refused(self, headers: Mapping[str, str]) -> bool:
        return False


class StaticFileCredentials:
    """One header from a file with the line ``Name: value``.

    ``own`` are headers that the gateway writes itself. A file that goes bad keeps the last header. At the start it
    raises OSError or ValueError.
    """

    def __init__(
        self,
        path: Path,
        *,
        own: frozenset[str] = frozenset(),
        check_seconds: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = WatchedFiles(
            (path,),
            lambda: header_line(_bounded(path), own=own),
            tell=lambda reason: _log.warning("core_credentials_unreadable", extra={"reason": reason}),
            check_seconds=check_seconds,
            clock=clock,
        )

    def headers(self, context: CallContext) -> Mapping[str, str]:
        return self._file.current()

    def refused(self, headers: Mapping[str, str]) -> bool:
        self._file.look()
        return self._file.current() != headers


def _bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        # A device or a mistaken file may have no end.
        data = file.read(_MOST_HEADER_BYTES + 1)
    if len(data) > _MOST_HEADER_BYTES:
        raise ValueError(f"must be one header line of at most {_MOST_HEADER_BYTES} bytes")
    return data


class TokenRefused(Exception):
    """Our own credentials are refused. Somebody has to mend them."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ClientCredentials:
    """A bearer token from ``fetch``, which returns ``(token, lifetime in seconds)`` and may raise anything.

    One caller renews it when ``margin`` of its life is left.
    Others use the old one, or wait until their deadline.
    After a failure the next fetch comes ``cooldown_seconds`` later. A refused token is replaced if it is older than
    ``fresh_seconds``.
    """

    def __init__(
        self,
        fetch: Callable[[], tuple[str, float]],
        *,
        margin: float = 0.2,
        cooldown_seconds: float = 1.0,
        fresh_seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._margin = margin
        self._cooldown_seconds = cooldown_seconds
        self._fresh_seconds = fresh_seconds
        self._clock = clock
        self._flight = threading.Lock()
        self._headers: Mapping[str, str] = {}
        self._renew_at = self._expires_at = self._tried_at = float("-inf")
        self.refusal = ""

    def headers(self, context: CallContext) -> Mapping[str, str]:
        """Raises Unreachable or Misconfigured where no valid token can be had."""
        now = self._clock()
        # With a valid token nobody waits.
        wait_seconds = context.deadline.remaining() if now >= self._expires_at else 0.0
        if now >= self._renew_at and self._flight.acquire(timeout=wait_seconds):
            try:
                if self._clock() >= self._renew_at:
                    self._renew(self._cooldown_seconds)
            finally:
                self._flight.release()
        if self._clock() >= self._expires_at:
            if self.refusal:
                raise Misconfigured(f"no token: {self.refusal}")
            raise Unreachable("no token", retry_after=self._cooldown_seconds)
        return self._headers

    def prepare(self) -> None:
        """Fetch a token before a call needs it."""
        with self._flight:
            if self._clock() >= self._renew_at:
                self._renew(self._cooldown_seconds)

    def refused(self, headers: Mapping[str, str]) -> bool:
        with self._flight:
            if self._headers == headers:
                self._renew(self._fresh_seconds)
            return self._headers != headers

    def _renew(self, cooldown_seconds: float) -> None:
        now = self._clock()
        if now - self._tried_at < cooldown_seconds:
            return
        self._tried_at = now
        try:
            token, lifetime = self._fetch()
        except Exception as exc:  # noqa: BLE001 -- whatever the fetch raises, the call's error is the same
            # The cool-down begins now. Otherwise all who waited for a slow fetch would each make another.
            self._tried_at = self._clock()
            self.refusal = exc.reason if isinstance(exc, TokenRefused) else ""
            # The text of a foreign error may hold the secret, so only its kind is logged.
            reason = getattr(exc, "reason", "")
            _log.warning("core_token_fetch_failed", extra={"error": type(exc).__name__, "reason": reason})
            return
        self.refusal = ""
        self._headers = {"Authorization": f"Bearer {token}"}
        self._expires_at = now + lifetime
        self._renew_at = now + lifetime * (1.0 - self._margin)
