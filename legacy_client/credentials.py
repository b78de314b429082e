"""How calls to the core are authenticated. A header value that reaches a log or an error here is a bug."""

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

    from legacy_client.calls import CallContext

_log = logging.getLogger(__name__)


class CoreCredentials(Protocol):
    """The headers that say who the gateway is, or for whom it calls."""

    def headers(self, context: CallContext) -> Mapping[str, str]:
        """Headers for the next attempt. Raises NotSent where none can be had."""
        ...

    def refused(self, headers: Mapping[str, str]) -> bool:
        """Told that the core answered 401 to ``headers``; True means that ``headers`` has better ones now."""
        ...


class Anonymous:
    """The core asks for none."""

    def headers(self, context: CallContext) -> Mapping[str, str]:
        """Nothing."""
        return {}

    def refused(self, headers: Mapping[str, str]) -> bool:
        """Nothing to renew."""
        return False


class ForwardedCredentials:
    """The caller's own ``Authorization`` goes on to the core."""

    def headers(self, context: CallContext) -> Mapping[str, str]:
        """The caller's header; nothing where the caller sent none."""
        return {"Authorization": context.authorization} if context.authorization else {}

    def refused(self, headers: Mapping[str, str]) -> bool:
        """A token of the caller's cannot be renewed here."""
        return False


class StaticFileCredentials:
    """One header from a file with the line ``Name: value``, looked at again at most every ``check_seconds``.

    ``own`` are names of headers that the gateway writes itself. A file that is gone or malformed keeps the header read
    last; at the start it raises OSError or ValueError.
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
            lambda: header_line(path.read_bytes(), own=own),
            tell=lambda reason: _log.warning("core_credentials_unreadable", extra={"reason": reason}),
            check_seconds=check_seconds,
            clock=clock,
        )

    def headers(self, context: CallContext) -> Mapping[str, str]:
        """The header, as the file has it now or had it a moment ago."""
        return self._file.current()

    def refused(self, headers: Mapping[str, str]) -> bool:
        """True if the file has another header by now."""
        self._file.look()
        return self._file.current() != headers


class TokenRefused(Exception):
    """Whoever gives tokens refuses our own credentials, so that asking again is no use before somebody mends them."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ClientCredentials:
    """A bearer token from ``fetch``, which returns ``(token, lifetime in seconds)`` and may raise anything.

    TokenRefused means that our own credentials are wrong: then the call is misconfigured, not the core unreachable.

    Renewed by one caller when ``margin`` of its life is left, while the others go on with the old one; where there is
    no old one they wait for it, each no longer than its own deadline. After a failed fetch the next is tried
    ``cooldown_seconds`` later. A token that the core refuses is replaced if it is older than
    ``fresh_seconds``: a core that refuses fresh ones too would refuse the next.
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
        """The token's header. Raises Unreachable or Misconfigured where there is no valid token and none can be fetched."""
        now = self._clock()
        # Nobody waits who has a token that is good.
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

    def refused(self, headers: Mapping[str, str]) -> bool:
        """True if the token is another one by now: renewed by somebody else, or here."""
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
            # The pause begins now: those who waited for a fetch that took long must not make one each.
            self._tried_at = self._clock()
            self.refusal = exc.reason if isinstance(exc, TokenRefused) else ""
            # Of a foreign error only its kind is told: its text may hold the secret.
            reason = getattr(exc, "reason", "")
            _log.warning("core_token_fetch_failed", extra={"error": type(exc).__name__, "reason": reason})
            return
        self.refusal = ""
        self._headers = {"Authorization": f"Bearer {token}"}
        self._expires_at = now + lifetime
        self._renew_at = now + lifetime * (1.0 - self._margin)
