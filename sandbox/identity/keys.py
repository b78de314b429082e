"""A realm's keys: made here, never shipped, published as Keycloak publishes them."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

RSA_BITS = 2048
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", *CURVES)


@dataclass(frozen=True, slots=True)
class Key:
    kid: str
    algorithm: str
    pair: RSAKey | ECKey

    def sign(self, data: bytes) -> bytes:
        """The JWS signature of ``data`` (RFC 7515 §5.1)."""
        return JWSRegistry.algorithms[self.algorithm].sign(data, self.pair)

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Whether ``signature`` is ours."""
        return JWSRegistry.algorithms[self.algorithm].verify(data, signature, self.pair)

    def public_der(self) -> str:
        """The public key as Base64 of its DER, as a realm's page shows it."""
        return base64.b64encode(self.pair.as_der(private=False)).decode()


class KeyRing:
    """The keys of one realm, newest first. The newest signs. All are published until withdrawn."""

    def __init__(self, algorithm: str) -> None:
        self._algorithm = algorithm
        self._encryption = new_key("RSA-OAEP")
        self._signing = [new_key(algorithm)]

    @property
    def active(self) -> Key:
        return self._signing[0]

    def find(self, kid: object) -> Key | None:
        """The published signing key with this id."""
        return next((key for key in self._signing if key.kid == kid), None)

    def rotate(self, algorithm: str = "") -> Key:
        """Sign with a new key from now on. The old ones stay published."""
        self._signing.insert(0, new_key(algorithm or self._algorithm))
        return self.active

    def withdraw(self, kid: str = "") -> list[str]:
        """Stop publishing a key, or all but the active one. Returns their ids."""
        gone = [key for key in self._signing[1:] if kid in ("", key.kid)]
        self._signing = [key for key in self._signing if key not in gone]
        return [key.kid for key in gone]

    def jwks(self) -> dict[str, Any]:
        """The key set (RFC 7517), with Keycloak's encryption key and certificates."""
        signing = [_jwk(key, "sig") for key in self._signing]
        return {"keys": [*signing, _jwk(self._encryption, "enc")]}


def new_key(algorithm: str) -> Key:
    """A fresh key pair with a random id."""
    curve = CURVES.get(algorithm)
    pair = ECKey.generate_key(curve) if curve else RSAKey.generate_key(RSA_BITS)
    return Key(secrets.token_urlsafe(32), algorithm, pair)


def _jwk(key: Key, use: str) -> dict[str, Any]:
    public = key.pair.as_dict(private=False)
    jwk = {"kid": key.kid, "kty": public["kty"], "alg": key.algorithm, "use": use, **public}
    private = key.pair.private_key
    return jwk | _certificate(private) if isinstance(private, RSAPrivateKey) else jwk


def _certificate(private: RSAPrivateKey) -> dict[str, Any]:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sandbox")])
    start = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, private.public_key(), 1, start, start + dt.timedelta(days=3650))
        .sign(private, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
    return {
        "x5c": [base64.b64encode(certificate).decode()],
        "x5t": base64url(hashlib.sha1(certificate, usedforsecurity=False).digest()),
        "x5t#S256": base64url(hashlib.sha256(certificate).digest()),
    }


def base64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
