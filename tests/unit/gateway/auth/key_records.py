"""Records of API keys as tests want them."""

from __future__ import annotations

from gateway.auth.api_keys.key import KeyText, hashed
from gateway.auth.api_keys.record import ApiKey
from tests.doubles.issuer import NOW

INTEGRATION = "7f1c2a00-0000-4000-8000-000000000001"


def record(key: KeyText, **more: object) -> ApiKey:
    return ApiKey(
        **{
            "id": key.id,
            "name": "Acme",
            "hash": hashed(key.secret),
            "scopes": frozenset({"INTEGRATION_API"}),
            "integrations": frozenset({INTEGRATION}),
            "rate": "10/minute",
            "created": NOW,
            **more,
        }
    )
