"""What becomes of a token after it was issued: introspection, revocation, logout, user info."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.identity import tokens
from sandbox.identity.clients import authenticate, confidential
from sandbox.identity.errors import refuse
from sandbox.server.messages import Answer, json_answer

if TYPE_CHECKING:
    from sandbox.identity.realm import Realm
    from sandbox.server.messages import Request


def introspect(realm: Realm, request: Request) -> Answer:
    """200 with the claims and ``active`` (RFC 7662); confidential clients only."""
    confidential(request)
    claims = tokens.read(realm, request.form().get("token", ""))
    if claims is None:
        return json_answer({"active": False})
    extra = {"client_id": claims["azp"], "username": claims.get("preferred_username"), "token_type": "Bearer"}
    return json_answer({**claims, **extra, "active": True})


def revoke(realm: Realm, request: Request) -> Answer:
    """200. Ends the token if it was one (RFC 7009); a refresh token ends its session."""
    client = authenticate(request)
    claims = tokens.read(realm, request.form().get("token", ""))
    if claims and claims["azp"] == client.id:
        realm.ended.add(claims["sid"] if claims["typ"] == "Refresh" else claims["jti"])
    return Answer(200)


def logout(realm: Realm, request: Request) -> Answer:
    """204, the session of the refresh token ended."""
    client = authenticate(request)
    claims = tokens.read(realm, request.form().get("refresh_token", ""))
    if claims is None or claims["typ"] != "Refresh" or claims["azp"] != client.id:
        raise refuse(400, "invalid_grant", "Invalid refresh token")
    realm.ended.add(claims["sid"])
    return Answer(204)


def user_info(realm: Realm, request: Request) -> Answer:
    """200 with the claims about the bearer of the token (OpenID Connect Core §5.3)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    claims = tokens.read(realm, token) if scheme.lower() == "bearer" else None
    if claims is None or claims["typ"] != "Bearer":
        raise refuse(401, "invalid_token", "Token verification failed")
    return json_answer({name: claims[name] for name in ("sub", "email_verified", "preferred_username")})
