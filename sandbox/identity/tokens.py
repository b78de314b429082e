"""Tokens with Keycloak's claims: made for a client or a user, and read back."""

from __future__ import annotations

import base64
import binascii
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4, uuid5

import orjson

from sandbox.identity.keys import base64url
from sandbox.identity.realm import AUDIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.identity.keys import Key
    from sandbox.identity.realm import Client, Realm, User

REFRESH_SECONDS = 1800
_SUBJECTS = UUID("3f6b1c1e-77a5-4d0c-9c5e-0a6f3f0a1c55")


def access_claims(realm: Realm, client: Client, user: User | None, scope: str, session: str) -> dict[str, Any]:
    roles = [f"default-roles-{realm.name}", "offline_access", "uma_authorization"]
    name = user.name if user else f"service-account-{client.id}"
    claims = {
        **_envelope(realm, "Bearer", name, realm.access_seconds),
        "aud": [AUDIENCE, "account"],
        "azp": client.id,
        "acr": "1",
        "realm_access": {"roles": [*roles, *(user.roles if user else client.roles)]},
        "resource_access": {"account": {"roles": ["manage-account", "view-profile"]}},
        "scope": " ".join(["email", "profile", *_granted(client, scope)]),
        "email_verified": False,
        "preferred_username": name,
    }
    return claims | ({"sid": session} if user else {"client_id": client.id, "clientHost": "127.0.0.1"})


def id_claims(realm: Realm, client: Client, user: User, session: str) -> dict[str, Any]:
    claims = _envelope(realm, "ID", user.name, realm.access_seconds)
    return {**claims, "aud": client.id, "azp": client.id, "sid": session, "preferred_username": user.name}


def refresh_claims(realm: Realm, client: Client, user: User, scope: str, session: str) -> dict[str, Any]:
    """Addressed to the realm itself."""
    claims = _envelope(realm, "Refresh", user.name, REFRESH_SECONDS)
    return {**claims, "aud": realm.url, "azp": client.id, "sid": session, "scope": scope, "username": user.name}


def usual_header(key: Key) -> dict[str, Any]:
    return {"alg": key.algorithm, "typ": "JWT", "kid": key.kid}


def encode(key: Key, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
    """A signed token (RFC 7515 §7.1); ``header`` replaces the usual one."""
    head = orjson.dumps(header or usual_header(key))
    signed = f"{base64url(head)}.{base64url(orjson.dumps(claims))}"
    return f"{signed}.{base64url(key.sign(signed.encode()))}"


def read(realm: Realm, token: str) -> dict[str, Any] | None:
    """The claims of a valid token of this realm, else None."""
    signed, _, signature = token.rpartition(".")
    try:
        header, claims = (orjson.loads(_decode(part)) for part in signed.split("."))
        key = realm.keys.find(header["kid"])
        is_ours = key is not None and key.verify(signed.encode(), _decode(signature))
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None
    is_current = is_ours and claims["exp"] > time.time() and not realm.ended & {claims["jti"], claims.get("sid", "")}
    return claims if is_current else None


def new_session() -> str:
    return str(uuid4())


def _envelope(realm: Realm, kind: str, name: str, seconds: int) -> dict[str, Any]:
    now = int(time.time())
    subject = str(uuid5(_SUBJECTS, name))
    return {"exp": now + seconds, "iat": now, "jti": str(uuid4()), "iss": realm.url, "sub": subject, "typ": kind}


def _granted(client: Client, scope: str) -> list[str]:
    return [name for name in scope.split() if name == "openid" or name in client.scopes]


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
