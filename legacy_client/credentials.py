"""How calls to the core are authenticated. A header value that reaches a log or an error here is a bug."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Protocol

from legacy_client.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from legacy_client.calls import CallContext

_log = logging.getLogger(__name__)


class Credentials(Protocol):
    """The headers that say who the gateway is, or for whom it calls."""

    def headers(self, context: CallContext) -> Mapping[str, str]:
        """Headers for the next attempt. Raises NotSent where none can be had."""
        ...

    def refused(self, headers: Mapping[str, str]) -> bool:
        """Told that the core answered 401 to ``headers``; True means that ``headers`` has better ones now."""
        ...


class NoCredentials:
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

    A file that is gone or malformed keeps the header read last; at the start it raises OSError or ValueError.
    """

    def __init__(self, path: Path, *, check_seconds: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._check_seconds = check_seconds
        self._clock = clock
        self._checked_at = clock()
        self._stamp = _stamp(path)
        self._headers = _header_line(path)

    def headers(self, context: CallContext) -> Mapping[str, str]:
        """The header, as the file has it now or had it a moment ago."""
        if self._clock() - self._checked_at >= self._check_seconds:
            self._look()
        return self._headers

    def refused(self, headers: Mapping[str, str]) -> bool:
        """True if the file has another header by now."""
        self._look()
        return self._headers != headers

    def _look(self) -> None:
        self._checked_at = self._clock()
        try:
            stamp = _stamp(self._path)
            if stamp != self._stamp:
                self._headers = _header_line(self._path)
                self._stamp = stamp
        except (OSError, ValueError) as exc:
            _log.warning("core_credentials_unreadable", extra={"error": type(exc).__name__})


class ClientCredentials:
    """A bearer token from ``fetch``, which returns ``(token, lifetime in seconds)`` and may raise anything.

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

    def headers(self, context: CallContext) -> Mapping[str, str]:
        """The token's header. Raises Unreachable where there is no valid token and none can be fetched."""
        now = self._clock()
        # Nobody waits who has a token that is good.
        patience = context.deadline.remaining() if now >= self._expires_at else 0.0
        if now >= self._renew_at and self._flight.acquire(timeout=patience):
            try:
                if self._clock() >= self._renew_at:
                    self._renew(self._cooldown_seconds)
            finally:
                self._flight.release()
        if self._clock() >= self._expires_at:
            raise Unreachable("no credentials", retry_after=self._cooldown_seconds)
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
            _log.warning("core_token_fetch_failed", extra={"error": type(exc).__name__})
            return
        self._headers = {"Authorization": f"Bearer {token}"}
        self._expires_at = now + lifetime
        self._renew_at = now + lifetime * (1.0 - self._margin)


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_ino, status.st_size


def _header_line(path: Path) -> Mapping[str, str]:
    name, colon, value = path.read_text(encoding="latin-1").strip().partition(":")
    if not (colon and name.strip() and value.strip()) or "\n" in value:
        raise ValueError("the file is one header line, `Name: value`")
    return {name.strip(): value.strip()}
