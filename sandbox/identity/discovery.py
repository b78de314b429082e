"""What a realm says of itself: its page, its OpenID configuration, its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.identity.errors import refuse
from sandbox.identity.grants import GRANTS
from sandbox.identity.keys import ALGORITHMS
from sandbox.server.messages import json_answer

if TYPE_CHECKING:
    from sandbox.identity.realm import Realm
    from sandbox.server.messages import Answer, Request


def page(realm: Realm, _request: Request) -> Answer:
    """200 with the realm's public key and services, as Keycloak's realm page."""
    body = {
        "realm": realm.name,
        "public_key": realm.keys.active.public_der(),
        "token-service": realm.openid_url,
        "account-service": f"{realm.url}/account",
        "tokens-not-before": 0,
    }
    return json_answer(body)


def configuration(realm: Realm, _request: Request) -> Answer:
    """200 with the OpenID provider's metadata (OpenID Connect Discovery §3)."""
    openid = realm.openid_url
    methods = ["client_secret_basic", "client_secret_post"]
    body = {
        "issuer": realm.url,
        "authorization_endpoint": f"{openid}/auth",
        "token_endpoint": f"{openid}/token",
        "device_authorization_endpoint": f"{openid}/auth/device",
        "introspection_endpoint": f"{openid}/token/introspect",
        "userinfo_endpoint": f"{openid}/userinfo",
        "end_session_endpoint": f"{openid}/logout",
        "revocation_endpoint": f"{openid}/revoke",
        "jwks_uri": f"{openid}/certs",
        "grant_types_supported": list(GRANTS),
        "response_types_supported": ["none"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
        "token_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "scopes_supported": ["openid", "profile", "email"],
        "claims_supported": ["aud", "sub", "iss", "preferred_username", "acr"],
    }
    return json_answer(body)


def certs(realm: Realm, _request: Request) -> Answer:
    """200 with the JSON Web Key Set."""
    return json_answer(realm.keys.jwks(), 200, ("Cache-Control", "no-cache"))


def login_page(_realm: Realm, _request: Request) -> Answer:
    """400: there is no browser login here."""
    raise refuse(400, "unsupported_response_type", "The sandbox has no login page; use the password grant.")
