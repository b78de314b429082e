"""What a realm publishes: keys, not-before policy, issuer. Only the keys are required."""

from __future__ import annotations

import logging
import time
from random import SystemRandom
from typing import TYPE_CHECKING

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from gateway.auth.errors import SourceFailed
from gateway.auth.keycloak.client import ask, not_before
from gateway.auth.keycloak.signing_keys import RealmKeys, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from keycloak import KeycloakOpenID

_log = logging.getLogger(__name__)

ATTEMPTS = 2
_chance = SystemRandom().uniform


class RealmSource:
    """``asks_issuer``: asks for the issuer too. The client does nothing else."""

    def __init__(
        self,
        client: KeycloakOpenID,
        algorithms: frozenset[str],
        *,
        asks_issuer: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._asks_issuer = asks_issuer
        self._issuer = ""
        self._client = client
        self._algorithms = algorithms
        self._not_before = 0
        self._retrying = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            # tenacity's own draws from the generator that all in the process share, and may seed.
            wait=lambda _state: _chance(0.05, 0.25),
            retry=retry_if_exception_type(SourceFailed),
            sleep=sleep,
            reraise=True,
        )

    def __call__(self) -> RealmKeys:
        """Raises SourceFailed."""
        jwks = self._retrying(ask, self._client.certs)
        return parse(jwks, self._algorithms, not_before=self._policy(), issuer=self._own_issuer())

    def _own_issuer(self) -> str:
        # Without the document, the last known issuer stays.
        if self._asks_issuer:
            try:
                issuer = ask(self._client.well_known).get("issuer")
                self._issuer = issuer if isinstance(issuer, str) else self._issuer
            except SourceFailed as exc:
                _log.debug("issuer_unknown", extra={"realm": self._client.realm_name, "reason": exc.reason})
        return self._issuer

    def _policy(self) -> int:
        # The realm's page may be closed to us, or missing at other providers. The last known policy stays.
        try:
            self._not_before = not_before(self._client)
        except SourceFailed as exc:
            _log.debug("not_before_unknown", extra={"realm": self._client.realm_name, "reason": exc.reason})
        return self._not_before
