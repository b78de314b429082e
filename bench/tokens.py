"""A throw-away identity provider: an RSA key made at start, its key set, and tokens as Keycloak writes them."""

from __future__ import annotations

import time
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

AUDIENCE = "bulk-update-gateway"


class Issuer:
    """Issues RS256 tokens for one realm below ``base_url``."""

    realm = "bench"

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.url = f"{base_url}/realms/{self.realm}"
        self._key = RSAKey.generate_key(2048, {"kid": "bench-key", "use": "sig", "alg": "RS256"})

    def keys(self) -> dict[str, Any]:
        """The JWK set (RFC 7517 § 5)."""
        return {"keys": [self._key.as_dict(private=False)]}

    def discovery(self) -> dict[str, Any]:
        """What OpenID Connect Discovery § 3 asks for, as far as a resource server reads it."""
        return {"issuer": self.url, "jwks_uri": f"{self.url}/protocol/openid-connect/certs"}

    def token(self, *, lifetime: int = 3600, audience: str = AUDIENCE) -> str:
        """An access token that ends ``lifetime`` seconds from now; negative: one that has ended."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": audience,
            "sub": "bench-partner",
            "azp": "bench-client",
            "typ": "Bearer",
            "iat": now - 60,
            "exp": now + lifetime,
            "scope": "openid",
        }
        return jwt.encode({"alg": "RS256", "typ": "JWT", "kid": "bench-key"}, claims, self._key)
