"""The signing keys of a realm: kid → algorithm → keys, mostly one.

An unusable key is skipped. A set without a usable key is an error.
Sources: RFC 7517 §4–5, RFC 8725 §3.1–3.4.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from joserfc import jwk, jws
from joserfc.jwa import EdDSAAlgorithm

from gateway.auth.errors import SourceFailed
from gateway.auth.keycloak.compact import MAX_HEADER_BYTES, MAX_KID_LENGTH, MAX_TOKEN_BYTES, decoded
from gateway.auth.keycloak.weak_keys import is_roca

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from joserfc.jws import CompactSignature

_log = logging.getLogger(__name__)

MAX_KEYS = 50
LEAST_RSA_BITS = 2048
MOST_RSA_BITS = 8192

# An algorithm's type of key and, where the type has several, its curves.
_KINDS: Mapping[str, tuple[str, frozenset[str]]] = MappingProxyType(
    {
        **{family + bits: ("RSA", frozenset({""})) for family in ("RS", "PS") for bits in ("256", "384", "512")},
        "ES256": ("EC", frozenset({"P-256"})),
        "ES384": ("EC", frozenset({"P-384"})),
        "ES512": ("EC", frozenset({"P-521"})),
        "EdDSA": ("OKP", frozenset({"Ed25519", "Ed448"})),
        "Ed25519": ("OKP", frozenset({"Ed25519"})),
        "Ed448": ("OKP", frozenset({"Ed448"})),
    }
)
ALGORITHMS = frozenset(_KINDS)
_MEMBERS = MappingProxyType({"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")})
# A key without an algorithm gets the usual one for it, never several.
_USUAL = MappingProxyType(
    {"RSA": "RS256", "P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA", "Ed448": "EdDSA"}
)


class _EdDSA(EdDSAAlgorithm):
    # RFC 9864 prefers names with the curve. Keycloak sends this name, and the key has the curve.
    security_warning = None  # type: ignore[assignment]  # the base of the base class declares `str | None`


class _Registry(jws.JWSRegistry):
    algorithms = {**jws.JWSRegistry.algorithms, "EdDSA": _EdDSA()}  # noqa: RUF012 -- the base class declares its type
    max_header_length = MAX_HEADER_BYTES
    max_payload_length = MAX_TOKEN_BYTES
    max_signature_length = MAX_TOKEN_BYTES


@dataclass(frozen=True, slots=True)
class VerificationKey:
    kid: str
    alg: str
    material: str
    _key: jwk.Key = field(compare=False, repr=False)
    _registry: _Registry = field(compare=False, repr=False)

    def verifies(self, signed: CompactSignature) -> bool:
        """May raise what the library raises."""
        return jws.validate_compact(signed, self._key, registry=self._registry)


@dataclass(frozen=True, slots=True)
class RealmKeys:
    """Equal where the realm published the same.

    ``issuer`` is what the realm says of itself; empty where it was not asked or did not say.
    """

    published: frozenset[VerificationKey]
    not_before: int = 0
    by_kid: Mapping[str, Mapping[str, Sequence[VerificationKey]]] = field(
        default_factory=dict, compare=False, repr=False
    )
    issuer: str = ""


def extract(token: str) -> CompactSignature:
    """Nothing is verified yet."""
    return jws.extract_compact(token.encode("ascii"), registry=_Registry(strict_check_header=False))


def parse(jwks: Mapping[str, Any], algorithms: frozenset[str], *, not_before: int = 0, issuer: str = "") -> RealmKeys:
    """Raises SourceFailed without a usable key."""
    entries = jwks.get("keys")
    if not isinstance(entries, list):
        raise SourceFailed("not a JWKS")
    if len(entries) > MAX_KEYS:
        _log.warning("jwks_keys_left_out", extra={"published": len(entries), "taken": MAX_KEYS})
    published = dict.fromkeys(filter(None, (_usable(entry, algorithms) for entry in entries[:MAX_KEYS])))
    if not published:
        raise SourceFailed("no usable key")
    by_kid: dict[str, dict[str, list[VerificationKey]]] = {}
    for key in published:
        # A realm may give two keys one kid. Then each is tried.
        by_kid.setdefault(key.kid, {}).setdefault(key.alg, []).append(key)
    return RealmKeys(frozenset(published), not_before, by_kid, issuer)


def _usable(entry: Any, algorithms: frozenset[str]) -> VerificationKey | None:
    try:
        return _key(entry, algorithms)
    except _WeakKey as exc:
        _log.warning("jwks_key_refused", extra={"kid": exc.kid, "reason": "ROCA, CVE-2017-15361"})
        return None
    except Exception as exc:  # noqa: BLE001 -- whatever a library says of one bad key, the others still count
        _log.debug("jwks_key_skipped", extra={"reason": f"{type(exc).__name__}: {exc}"})
        return None


def _key(entry: dict[str, Any], algorithms: frozenset[str]) -> VerificationKey:
    kid, kty, curve = entry["kid"], entry["kty"], entry.get("crv", "")
    alg = entry.get("alg", _USUAL[curve or kty])
    wanted_type, wanted_curves = _KINDS[alg]
    _demand(isinstance(kid, str) and 0 < len(kid) <= MAX_KID_LENGTH, "kid")
    _demand(entry.get("use", "sig") == "sig" and "verify" in entry.get("key_ops", ("verify",)), "not for signatures")
    _demand("d" not in entry, "a private key was published")
    _demand(alg in algorithms and kty == wanted_type and curve in wanted_curves, "algorithm")
    # Checked first: importing a modulus costs far more than reading it.
    _demand(kty != "RSA" or LEAST_RSA_BITS <= _bits(entry["n"]) <= MOST_RSA_BITS, "modulus length")
    if kty == "RSA" and is_roca(_modulus(entry["n"])):
        raise _WeakKey(kid)
    members = {name: entry[name] for name in _MEMBERS[kty]}
    return VerificationKey(
        kid,
        alg,
        json.dumps(members, sort_keys=True),
        jwk.import_key({"kty": kty, **members}),
        _Registry(algorithms=[alg], strict_check_header=False),
    )


class _WeakKey(Exception):
    """The private key can be computed from the public one."""

    def __init__(self, kid: str) -> None:
        super().__init__(kid)
        self.kid = kid


def _demand(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(what)


def _bits(modulus: str) -> int:
    return _modulus(modulus).bit_length()


def _modulus(text: str) -> int:
    return int.from_bytes(decoded(text))
