"""The token endpoint: client credentials, password, refresh and device grants (RFC 6749 §4.3, §4.4, §6, RFC 8628)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from sandbox.identity import devices, tokens
from sandbox.identity.clients import authenticate, confidential
from sandbox.identity.errors import refuse
from sandbox.identity.realm import USERS
from sandbox.server.messages import json_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.identity.realm import Client, Realm, User
    from sandbox.server.messages import Answer, Request


def token(realm: Realm, request: Request) -> Answer:
    """200 with the tokens of the grant asked for. Raises Refusal as RFC 6749 §5.2 says."""
    grant = GRANTS.get(request.form().get("grant_type", ""))
    if grant is None:
        raise refuse(400, "unsupported_grant_type", "Unsupported grant_type")
    no_store = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
    return json_answer(grant(realm, request), 200, *no_store)


def _client_credentials(realm: Realm, request: Request) -> dict[str, Any]:
    client = confidential(request)
    return _answer(realm, client, None, request.form().get("scope", ""), "")


def _password(realm: Realm, request: Request) -> dict[str, Any]:
    client, form = authenticate(request), request.form()
    user = USERS.get(form.get("username", ""))
    if user is None or not secrets.compare_digest(user.password.encode(), form.get("password", "").encode()):
        raise refuse(401, "invalid_grant", "Invalid user credentials")
    return _answer(realm, client, user, form.get("scope", ""), tokens.new_session())


def _refresh(realm: Realm, request: Request) -> dict[str, Any]:
    client = authenticate(request)
    claims = tokens.read(realm, request.form().get("refresh_token", ""))
    if claims is None or claims["typ"] != "Refresh" or claims["azp"] != client.id:
        raise refuse(400, "invalid_grant", "Invalid refresh token")
    return _answer(realm, client, USERS[claims["username"]], claims["scope"], claims["sid"])


def _device(realm: Realm, request: Request) -> dict[str, Any]:
    client = authenticate(request)
    user, scope = devices.user_of(realm, request.form().get("device_code", ""), client.id)
    return _answer(realm, client, user, scope, tokens.new_session())


def _answer(realm: Realm, client: Client, user: User | None, scope: str, session: str) -> dict[str, Any]:
    key = realm.keys.active
    claims = tokens.access_claims(realm, client, user, scope, session)
    answer = {
        "access_token": tokens.encode(key, claims),
        "expires_in": realm.access_seconds,
        "refresh_expires_in": tokens.REFRESH_SECONDS if user else 0,
        "token_type": "Bearer",
        "not-before-policy": 0,
        "scope": claims["scope"],
    }
    if user:
        answer["refresh_token"] = tokens.encode(key, tokens.refresh_claims(realm, client, user, scope, session))
        answer["session_state"] = session
        if "openid" in claims["scope"].split():
            answer["id_token"] = tokens.encode(key, tokens.id_claims(realm, client, user, session))
    return answer


GRANTS: dict[str, Callable[[Realm, Request], dict[str, Any]]] = {
    "client_credentials": _client_credentials,
    "password": _password,
    "refresh_token": _refresh,
    "urn:ietf:params:oauth:grant-type:device_code": _device,
}
