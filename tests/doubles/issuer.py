"""An issuer for tests that signs anything, also what no honest issuer would."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from gateway.auth.credentials import Credentials
from gateway.auth.keycloak.key_store import KeyStore
from gateway.auth.keycloak.signing_keys import ALGORITHMS, RealmKeys, parse
from gateway.auth.keycloak.token_authenticator import KeycloakAuthenticator
from gateway.auth.keycloak.token_principal import PrincipalRules
from gateway.auth.keycloak.verifier import Realm, TokenVerifier
from tests.doubles.rules import claim_rules, key_life

NOW = 1_800_000_000.0
ISSUER = "https://id.example/realms/partners"
AUDIENCE = "gateway"
PKCS1 = padding.PKCS1v15()

Sign = Callable[[bytes], bytes]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def as_bytes(part: Mapping[str, Any] | bytes) -> bytes:
    return part if isinstance(part, bytes) else json.dumps(part).encode()


def compact(header: Mapping[str, Any] | bytes, payload: Mapping[str, Any] | bytes, sign: Sign) -> str:
    signed = f"{b64(as_bytes(header))}.{b64(as_bytes(payload))}"
    return f"{signed}.{b64(sign(signed.encode()))}"


@cache
def rsa_key(name: str, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def ed_key(name: str) -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def rsa_jwk(kid: str, *, alg: str | None = "RS256", bits: int = 2048, **more: Any) -> dict[str, Any]:
    numbers = rsa_key(kid, bits).public_key().public_numbers()
    n = b64(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8))
    entry = {"kty": "RSA", "kid": kid, "use": "sig", "n": n, "e": "AQAB", **({"alg": alg} if alg else {})}
    return entry | more


def ec_jwk(kid: str, **more: Any) -> dict[str, Any]:
    numbers = ec_key(kid).public_key().public_numbers()
    x, y = b64(numbers.x.to_bytes(32)), b64(numbers.y.to_bytes(32))
    return {"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "alg": "ES256", "x": x, "y": y} | more


def ed_jwk(kid: str, **more: Any) -> dict[str, Any]:
    raw = ed_key(kid).public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "kid": kid, "use": "sig", "alg": "EdDSA", "x": b64(raw)} | more


def rs256(kid: str, hasher: type[hashes.HashAlgorithm] = hashes.SHA256) -> Sign:
    return lambda data: rsa_key(kid, 2048).sign(data, PKCS1, hasher())


def ps256(kid: str) -> Sign:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256().digest_size)
    return lambda data: rsa_key(kid, 2048).sign(data, pss, hashes.SHA256())


def es256(kid: str) -> Sign:
    def sign(data: bytes) -> bytes:
        r, s = utils.decode_dss_signature(ec_key(kid).sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    return sign


def eddsa(kid: str) -> Sign:
    return ed_key(kid).sign


def hs256(secret: bytes) -> Sign:
    return lambda data: hmac.new(secret, data, hashlib.sha256).digest()


def public_pem(kid: str) -> bytes:
    key = rsa_key(kid, 2048).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


JWKS = {"keys": [rsa_jwk("rsa"), ec_jwk("ec"), ed_jwk("ed")]}


def header(**more: Any) -> dict[str, Any]:
    return {"alg": "RS256", "typ": "JWT", "kid": "rsa"} | more


def claims(**more: Any) -> dict[str, Any]:
    """What Keycloak puts into an access token; a value of None leaves the claim out."""
    good = {
        "iss": ISSUER,
        "aud": [AUDIENCE, "account"],
        "sub": "7f1c2a",
        "azp": "partner-app",
        "typ": "Bearer",
        "exp": NOW + 300,
        "iat": NOW - 5,
        "jti": "j1",
        "scope": "openid actions:write",
        "realm_access": {"roles": ["updater"]},
        "resource_access": {AUDIENCE: {"roles": ["bulk"]}, "account": {"roles": ["manage-account"]}},
    }
    return {name: value for name, value in (good | more).items() if value is not None}


def token(payload: Mapping[str, Any] | bytes | None = None, *, sign: Sign | None = None, **head: Any) -> str:
    return compact(header(**head), claims() if payload is None else payload, sign or rs256("rsa"))


class FakeRealm:
    """What a realm publishes, and how often it was asked."""

    def __init__(self, jwks: Mapping[str, Any] = JWKS) -> None:
        self.jwks = jwks
        self.not_before = 0
        self.fetches = 0

    def __call__(self) -> RealmKeys:
        self.fetches += 1
        return parse(self.jwks, ALGORITHMS, not_before=self.not_before)


class Clock:
    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def at_once(work: Callable[[], None]) -> None:
    work()


class World:
    """An authenticator over one fake realm, with clocks that stand still until they are moved."""

    def __init__(self, *, cache_size: int = 100, algorithms: frozenset[str] = ALGORITHMS, **rules: Any) -> None:
        self.realm = FakeRealm()
        self.clock, self.wall_clock = Clock(), Clock(NOW)
        self.keys = KeyStore(
            "partners", self.realm, key_life(), clock=self.clock, spawn=at_once, jitter=lambda low, high: 1.0
        )
        self.verifier = TokenVerifier(
            [Realm("partners", ISSUER, self.keys, usual="")],
            claim_rules(audience=AUDIENCE, **rules),
            algorithms,
            wall_clock=self.wall_clock,
        )
        self.authenticator = KeycloakAuthenticator(
            self.verifier,
            PrincipalRules(audience=AUDIENCE, partner_claim=""),
            cache_size=cache_size,
            wall_clock=self.wall_clock,
        )

    def identify(self, bearer: str):
        return self.authenticator.identify(Credentials.of({"Authorization": f"Bearer {bearer}"}.get))
