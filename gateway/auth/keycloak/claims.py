"""What a verified token must claim. A claim of the wrong type is a wrong claim.

Sources: RFC 7519 §4.1, RFC 8725 §3.8–3.12, RFC 9068 §4. Times are by the wall clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.auth.errors import InvalidCredentials
from gateway.auth.keycloak.compact import ACCESS_TOKEN_TYPES

# So many characters of a claim are logged.
_MOST_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRules:
    """Times are in seconds. An empty ``type`` or ``authorized_parties`` is not checked."""

    audience: str
    leeway: float
    max_lifetime: float
    type: str
    authorized_parties: frozenset[str]

    def check(self, claims: dict[str, Any], *, header_type: str, not_before: float, now: float) -> float:
        """The end of validity. Raises InvalidCredentials.

        Tokens issued earlier than ``not_before`` are revoked.
        """
        expires = self._check_times(claims, not_before, now)
        self._check_audience(claims.get("aud"))
        self._check_party(claims.get("azp", ""))
        self._check_type(claims, header_type)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject:
            raise InvalidCredentials("sub")
        return expires + self.leeway

    def _check_times(self, claims: dict[str, Any], not_before: float, now: float) -> float:
        expires, issued = _number(claims, "exp"), _number(claims, "iat", 0)
        if expires <= now - self.leeway:
            raise InvalidCredentials("expired")
        if expires > now + self.max_lifetime + self.leeway:
            raise InvalidCredentials("exp too far")
        if max(_number(claims, "nbf", 0), issued) > now + self.leeway:
            raise InvalidCredentials("not yet valid")
        if issued < not_before:
            raise InvalidCredentials("issued before the realm's not-before policy")
        return expires

    def _check_audience(self, audience: object) -> None:
        named = [audience] if isinstance(audience, str) else audience
        if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
            raise InvalidCredentials("aud")
        if self.audience not in named:
            raise InvalidCredentials(f"aud {shown(audience)}, expected {self.audience}")

    def _check_party(self, party: object) -> None:
        if not isinstance(party, str):
            raise InvalidCredentials("azp")
        if self.authorized_parties and party not in self.authorized_parties:
            raise InvalidCredentials(f"azp {shown(party)}, expected {' or '.join(sorted(self.authorized_parties))}")

    def _check_type(self, claims: dict[str, Any], header_type: str) -> None:
        if self.type and header_type not in ACCESS_TOKEN_TYPES and claims.get("typ") != self.type:
            raise InvalidCredentials(f"typ {shown(claims.get('typ'))}, expected {self.type}")
        # A token bound to a key (RFC 7800) needs a proof of that key. A Bearer credential cannot carry it.
        if "cnf" in claims:
            raise InvalidCredentials("sender-constrained token sent as bearer")


def shown(value: object) -> str:
    """For the log, cut to a bound."""
    return repr(value)[:_MOST_SHOWN]


def _number(claims: dict[str, Any], name: str, default: float | None = None) -> float:
    value = claims.get(name, default)
    # JSON's true is Python's 1. The comparisons below work for any int and for infinity.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidCredentials(name)
    return value
