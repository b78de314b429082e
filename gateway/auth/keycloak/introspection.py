"""Asks Keycloak whether a valid token was revoked (RFC 7662). Answers are cached.

In an outage the policy decides: closed (503) or open (the token is accepted).
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from gateway.auth.errors import InvalidCredentials, KeysUnavailable, SourceFailed
from gateway.expiring import CoolDown, Expiring

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_log = logging.getLogger(__name__)

MOST_ANSWERS = 10_000
# Nobody waits for Keycloak in this time after a failure.
PAUSE_SECONDS = 5.0


class Introspection:
    """``ask_by_realm`` may raise SourceFailed."""

    def __init__(
        self,
        ask_by_realm: Mapping[str, Callable[[str], Mapping[str, Any]]],
        *,
        ttl: float,
        fail_open: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask_by_realm = ask_by_realm
        self._ttl = ttl
        self._fail_open = fail_open
        self._clock = clock
        self._answers: Expiring[bytes, bool] = Expiring(MOST_ANSWERS, clock)
        self._cool_down = CoolDown(PAUSE_SECONDS, clock)
        self._refusals: dict[str, str] = {}

    def demand_active(self, token: str, digest: bytes, realm: str) -> None:
        """Raises InvalidCredentials for a revoked token, KeysUnavailable under the closed policy."""
        try:
            active = self._active(token, digest, realm)
        except SourceFailed as exc:
            if self._fail_open:
                return
            raise KeysUnavailable(f"introspection: {exc.reason}", retry_after=PAUSE_SECONDS) from exc
        if not active:
            raise InvalidCredentials("revoked")

    def refusals(self) -> Mapping[str, str]:
        """By realm."""
        return dict(self._refusals)

    def _active(self, token: str, digest: bytes, realm: str) -> bool:
        active = self._answers.get(digest)
        if active is None:
            now = self._clock()
            active = self._asked(token, realm)
            self._answers.put(digest, active, now + self._ttl)
        return active

    def _asked(self, token: str, realm: str) -> bool:
        if not self._cool_down.is_over:
            raise SourceFailed("paused after a failure")
        try:
            answer = self._ask_by_realm[realm](token)
            if not isinstance(answer.get("active"), bool):
                raise SourceFailed("no introspection answer")
        except SourceFailed as exc:
            self._cool_down.begin()
            self._tell(realm, exc)
            raise
        self._refusals.pop(realm, None)
        return answer["active"] is True

    def _tell(self, realm: str, failure: SourceFailed) -> None:
        if failure.refusal:
            self._refusals[realm] = failure.reason
        # No later try mends our own credentials.
        level = logging.ERROR if failure.refusal else logging.WARNING
        _log.log(level, "introspection_failed", extra={"realm": realm, "reason": failure.reason})
