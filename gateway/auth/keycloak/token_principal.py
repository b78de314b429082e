"""A claim that grants must have exactly the right type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gateway.auth.errors import InvalidCredentials
from gateway.auth.principal import Method, Principal
from gateway.auth.scopes import BULK_UPDATE

if TYPE_CHECKING:
    from gateway.auth.keycloak.verifier import Verified

KEYCLOAK = Method(
    "keycloak",
    "a Keycloak access token",
    frozenset({BULK_UPDATE}),
    scheme="Bearer",
    security={
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A Keycloak access token, verified as RFC8725 asks.",
    },
    forwards=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalRules:
    """``audience`` is the client whose roles count. ``partner_claim`` lists the partners; empty: any."""

    audience: str
    partner_claim: str

    def principal(self, verified: Verified, token: str) -> Principal:
        """Raises InvalidCredentials for a malformed claim."""
        claims = verified.claims
        return Principal(
            id=_identity(verified),
            method=KEYCLOAK,
            scopes=frozenset(_text(claims, "scope").split()),
            roles=self._roles(claims),
            partner_ids=self._partners(claims),
            authorization=f"Bearer {token}",
        )

    def _roles(self, claims: dict[str, Any]) -> frozenset[str]:
        clients = _object(claims, "resource_access")
        of_realm, of_client = _object(claims, "realm_access"), _object(clients, self.audience)
        return frozenset(_texts(of_realm, "roles")) | frozenset(_texts(of_client, "roles"))

    def _partners(self, claims: dict[str, Any]) -> frozenset[str] | None:
        if not self.partner_claim:
            return None
        if isinstance(claims.get(self.partner_claim), str):
            return frozenset({_text(claims, self.partner_claim).lower()})
        return frozenset(partner.lower() for partner in _texts(claims, self.partner_claim))


def _identity(verified: Verified) -> str:
    # A subject is unique in its realm only (RFC 7519 §4.1.2).
    # Two clients of one user choose their idempotency keys independently, so the client is part of the id.
    # Quoting keeps the parts apart.
    client = quote(_text(verified.claims, "azp"), safe="")
    return f"{quote(verified.realm.name, safe='')}:{client}:{verified.claims['sub']}"


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name, "")
    if not isinstance(value, str):
        raise InvalidCredentials(name)
    return value


def _object(claims: dict[str, Any], name: str) -> dict[str, Any]:
    value = claims.get(name, {})
    if not isinstance(value, dict):
        raise InvalidCredentials(name)
    return value


def _texts(claims: dict[str, Any], name: str) -> list[str]:
    value = claims.get(name, [])
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise InvalidCredentials(name)
    return value
