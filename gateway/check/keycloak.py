"""Keycloak is asked once for each thing that the service will need of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from gateway.auth.errors import SourceFailed
from gateway.auth.keycloak.client import answer_date, ask
from gateway.auth.keycloak.realm_source import RealmSource
from gateway.check.clock import clock_found, of_date, of_token
from gateway.check.finding import Finding
from gateway.settings.secrets import secret_now
from gateway.wiring.access import keycloak_server
from gateway.wiring.core_token import CoreToken
from legacy_client.credentials import TokenRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keycloak import KeycloakOpenID

    from gateway.auth.keycloak.client import Server
    from gateway.settings import Settings
    from gateway.settings.access import AccessSettings


def keycloak_found(settings: Settings) -> Iterator[Finding]:
    access, server = settings.access, keycloak_server(settings.access)
    issuers = access.keycloak_issuer or ("",) * len(access.keycloak_realm)
    theirs = None
    for realm, issuer in zip(access.keycloak_realm, issuers, strict=True):
        client = server.client(realm)
        yield _realm_found(client, issuer, access)
        if access.introspection:
            yield _introspection_found(server, realm, access)
        theirs = theirs or _date(client)
    if settings.core.core_auth == "client_credentials":
        found, token = _core_token(server, settings)
        yield found
        theirs = theirs or of_token(token)
    yield clock_found(theirs, access.jwt_leeway)


def _realm_found(client: KeycloakOpenID, issuer: str, access: AccessSettings) -> Finding:
    realm = client.realm_name
    try:
        keys = RealmSource(client, frozenset(access.jwt_algorithms), asks_issuer=not issuer)()
    except SourceFailed as exc:
        return Finding("keycloak", "WRONG", f"realm {realm}: its signing keys cannot be had: {exc.reason}")
    said = issuer or keys.issuer or f"{access.keycloak_url}/realms/{quote(realm)}"
    return Finding(
        "keycloak", "ok", f"realm {realm}: has keys to verify tokens with ({len(keys.by_kid)}), issuer {said}"
    )


def _introspection_found(server: Server, realm: str, access: AccessSettings) -> Finding:
    client_id = access.introspection_client_id
    client = server.client(realm, client_id=client_id, secret=secret_now(access.introspection_client_secret))
    try:
        # Of no token: what counts is whether the client may ask.
        ask(partial(client.introspect, "none"))
    except SourceFailed as exc:
        return Finding("keycloak", "WRONG", f"realm {realm}: {client_id} cannot introspect tokens: {exc.reason}")
    return Finding("keycloak", "ok", f"realm {realm}: {client_id} may introspect tokens")


def _core_token(server: Server, settings: Settings) -> tuple[Finding, str]:
    core = settings.core
    client = server.client(settings.access.keycloak_realm[0], client_id=core.core_client_id)
    try:
        token, seconds = CoreToken(client, partial(secret_now, core.core_client_secret))()
    except (SourceFailed, TokenRefused) as exc:
        told = f"{core.core_client_id} gets no token for calls to the core: {exc.reason}"
        return Finding("keycloak", "WRONG", told), ""
    told = f"{core.core_client_id} gets tokens for calls to the core, of {seconds:g} s"
    return Finding("keycloak", "ok", told), token


def _date(client: KeycloakOpenID) -> float | None:
    try:
        return of_date(answer_date(client))
    except SourceFailed:
        return None
