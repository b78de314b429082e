"""Callers with a Keycloak access token. A known one costs no call to Keycloak and no signature check.

It is cached by its digest while it is valid and its realm's keys are the same.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, NamedTuple

from gateway.auth.errors import InvalidCredentials
from gateway.auth.keycloak.compact import MAX_TOKEN_BYTES
from gateway.auth.keycloak.token_principal import KEYCLOAK
from gateway.expiring import Expiring

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.auth.credentials import Credentials
    from gateway.auth.keycloak.introspection import Introspection
    from gateway.auth.keycloak.signing_keys import RealmKeys
    from gateway.auth.keycloak.token_principal import PrincipalRules
    from gateway.auth.keycloak.verifier import Realm, TokenVerifier
    from gateway.auth.principal import Principal


class _Known(NamedTuple):
    principal: Principal
    realm: Realm
    keys: RealmKeys


class KeycloakAuthenticator:
    """Takes every Bearer credential, so the others must be asked first."""

    method = KEYCLOAK

    def __init__(
        self,
        verifier: TokenVerifier,
        rules: PrincipalRules,
        *,
        cache_size: int,
        introspection: Introspection | None = None,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._verifier = verifier
        self._rules = rules
        self._introspection = introspection
        self._known: Expiring[bytes, _Known] = Expiring(cache_size, wall_clock)

    def identify(self, credentials: Credentials) -> Principal | None:
        """Raises InvalidCredentials or KeysUnavailable."""
        token = credentials.bearer
        if not token:
            return None
        if len(token) > MAX_TOKEN_BYTES or not token.isascii():
            raise InvalidCredentials("token too long or not ASCII")
        digest = hashlib.sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is None or known.realm.keys.current() is not known.keys:
            known = self._verified(token, digest)
        if self._introspection is not None:
            self._introspection.demand_active(token, digest, known.realm.name)
        return known.principal

    def _verified(self, token: str, digest: bytes) -> _Known:
        verified = self._verifier.verify(token)
        principal = self._rules.principal(verified, token)
        known = _Known(principal, verified.realm, verified.keys)
        self._known.put(digest, known, verified.valid_until)
        return known
