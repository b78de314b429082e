"""Whether a token is of our realms and valid. No claim is believed before the signature.

The issuer only chooses the keys that must verify it. Source: RFC 8725 §3, RFC 9068 §4.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.auth.errors import InvalidCredentials, KeysUnavailable
from gateway.auth.keycloak.claims import shown
from gateway.auth.keycloak.compact import header_of, json_object
from gateway.auth.keycloak.signing_keys import extract

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from joserfc.jws import CompactSignature

    from gateway.auth.keycloak.claims import ClaimRules
    from gateway.auth.keycloak.key_store import KeyStore
    from gateway.auth.keycloak.signing_keys import RealmKeys, VerificationKey


@dataclass(frozen=True, slots=True)
class Realm:
    """One accepted issuer, compared to the letter.

    An empty ``issuer``: what the realm says of itself, or else ``usual``.
    """

    name: str
    issuer: str
    keys: KeyStore
    usual: str

    def expected(self) -> str:
        """Raises KeysUnavailable while the issuer is not known."""
        return self.issuer or self.keys.current().issuer or self.usual


@dataclass(frozen=True, slots=True)
class Verified:
    """Valid until ``valid_until`` (wall clock, with leeway), while the realm has these ``keys``."""

    claims: dict[str, Any]
    realm: Realm
    keys: RealmKeys
    valid_until: float


class TokenVerifier:
    """Raises only InvalidCredentials or KeysUnavailable."""

    def __init__(
        self,
        realms: Iterable[Realm],
        rules: ClaimRules,
        algorithms: frozenset[str],
        *,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._realms = tuple(realms)
        self._rules = rules
        self._algorithms = algorithms
        self._wall_clock = wall_clock

    def verify(self, token: str) -> Verified:
        header = header_of(token)
        if header["alg"] not in self._algorithms:
            raise InvalidCredentials("alg not accepted")
        signed = _extracted(token)
        claims = json_object(signed.payload or b"")
        realm = self._realm(claims.get("iss"))
        keys = realm.keys.having(header["kid"])
        _demand_signature(signed, _keys(keys, header))
        valid_until = self._rules.check(
            claims, header_type=header["typ"], not_before=keys.not_before, now=self._wall_clock()
        )
        return Verified(claims, realm, keys, valid_until)

    def _realm(self, issuer: object) -> Realm:
        unknown: KeysUnavailable | None = None
        expected = []
        for realm in self._realms:
            try:
                expected.append(realm.expected())
            except KeysUnavailable as exc:
                unknown = exc
            else:
                if issuer == expected[-1]:
                    return realm
        if unknown is not None:
            raise unknown
        raise InvalidCredentials(f"iss {shown(issuer)}, expected {' or '.join(expected)}")


def _keys(keys: RealmKeys, header: dict[str, Any]) -> Sequence[VerificationKey]:
    by_algorithm = keys.by_kid.get(header["kid"])
    if by_algorithm is None:
        raise InvalidCredentials(f"unknown kid {header['kid']!r}")
    if header["alg"] not in by_algorithm:
        raise InvalidCredentials("alg is not the key's")
    return by_algorithm[header["alg"]]


def _extracted(token: str) -> CompactSignature:
    try:
        return extract(token)
    except Exception as exc:
        raise InvalidCredentials(f"unreadable: {type(exc).__name__}") from exc


def _demand_signature(signed: CompactSignature, keys: Sequence[VerificationKey]) -> None:
    """Raises InvalidCredentials."""
    refusal = InvalidCredentials("signature")
    for key in keys:
        # A key that cannot be tried does not decide for the others.
        try:
            if key.verifies(signed):
                return
        except Exception as exc:  # noqa: BLE001 -- whatever a library says of one key
            refusal = InvalidCredentials(f"unverifiable: {type(exc).__name__}")
    raise refusal
