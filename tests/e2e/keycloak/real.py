"""The running Keycloak as its callers and its administrator see it."""

from __future__ import annotations

import base64
import json
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from keycloak import KeycloakAdmin

from deploy.keycloak.distribution import ADMIN
from deploy.keycloak.realm import AUDIENCE, REALM, ROLE, credentials
from sandbox.web import Reply, call

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sandbox.part import Part
    from sandbox.stack import Stack

SECRET = "throw-away"
SCOPE = "actions:write"
BULK = "/openapi/api/v1/actions"
OWN_PARTNER = "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00"


class Keycloak:
    """One realm of it. What is added to it stays until the server ends, so every test adds under names of its own."""

    def __init__(self, part: Part, home: Path, realm: str = REALM) -> None:
        self.part = part
        self.home = home
        self.realm = realm
        self._known = credentials()

    @property
    def url(self) -> str:
        """Of the realm; also its issuer."""
        return f"{self.part.url}/realms/{self.realm}"

    @cached_property
    def admin(self) -> KeycloakAdmin:
        """The administrator at work in this realm."""
        return KeycloakAdmin(
            self.part.url, username=ADMIN, password=ADMIN, realm_name=self.realm, user_realm_name="master"
        )

    def token(self, client: str = "partner", *, headers: dict[str, str] | None = None, **form: str) -> str:
        """An access token by the client-credentials grant."""
        form = {"grant_type": "client_credentials", **self.form_of(client), **form}
        token: str = self.granted(headers=headers, **form)["access_token"]
        return token

    def login(self, user: str = "ada", *, client: str = "portal", scope: str = "openid") -> dict[str, Any]:
        """Access, ID and refresh token by the password grant."""
        person = {"username": user, "password": self._known.users[user]}
        return self.granted(grant_type="password", scope=scope, **self.form_of(client), **person)

    def granted(self, *, headers: dict[str, str] | None = None, **form: str) -> dict[str, Any]:
        """What the token endpoint answers, which must be 200."""
        reply = self.post("token", headers=headers, **form)
        assert reply.status == 200, reply.body
        answer: dict[str, Any] = reply.json()
        return answer

    def post(self, endpoint: str, *, headers: dict[str, str] | None = None, **form: str) -> Reply:
        """A form to an endpoint of OpenID Connect."""
        return call("POST", f"{self.url}/protocol/openid-connect/{endpoint}", form=form, headers=headers)

    def introspected(self, token: str, client: str) -> bool:
        """Whether Keycloak tells ``client`` that the token is active."""
        reply = self.post("token/introspect", token=token, **self.form_of(client))
        assert reply.status == 200, reply.body
        return bool(reply.json()["active"])

    def add_partner(self, client: str, **changes: object) -> str:
        """A client with a service account that has the role; its internal id. ``changes`` are to its representation."""
        admin = self.admin
        scopes = {"defaultClientScopes": ["basic", "roles", AUDIENCE], "optionalClientScopes": [SCOPE]}
        usual = {"clientId": client, "secret": SECRET, "serviceAccountsEnabled": True, **scopes}
        made = admin.create_client({**usual, **changes})
        gateway = admin.get_client_id(AUDIENCE)
        account = admin.get_client_service_account_user(made)["id"]
        admin.assign_client_role(account, gateway, [admin.get_client_role(gateway, ROLE)])
        return made

    def form_of(self, client: str) -> dict[str, str]:
        """How a client names itself in a form."""
        secret = self._known.clients.get(client, SECRET)
        return {"client_id": client, "client_secret": secret} if secret else {"client_id": client}


def hardcoded(claim: str, value: object) -> dict[str, Any]:
    """A mapper that puts one JSON value into every access token of its client."""
    config = {"claim.name": claim, "claim.value": json.dumps(value), "jsonType.label": "JSON"}
    return {
        "name": claim,
        "protocol": "openid-connect",
        "protocolMapper": "oidc-hardcoded-claim-mapper",
        "config": {**config, "access.token.claim": "true"},
    }


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, nothing verified."""
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    return header, claims


def audience_in_id_token() -> dict[str, Any]:
    """A mapper that lets ID tokens name the gateway, as one wrong tick in the console does."""
    config = {"included.client.audience": AUDIENCE, "id.token.claim": "true", "access.token.claim": "true"}
    return {
        "name": "audience",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-audience-mapper",
        "config": config,
    }


def item(**fields: object) -> dict[str, object]:
    """One action update."""
    return {"actionId": "19000", "status": "active", **fields}


def send(stack: Stack, token: str, *items: dict[str, object]) -> Reply:
    """One batch to the gateway, of one item where none is given."""
    headers = {"Authorization": f"Bearer {token}"}
    return call("PATCH", stack.gateway.url + BULK, json_body={"data": list(items) or [item()]}, headers=headers)


def challenge(reply: Reply) -> tuple[int, str]:
    """Status and ``WWW-Authenticate`` of a refusal, which must be a problem document."""
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["status"] == reply.status
    return reply.status, reply.headers["www-authenticate"]


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until it holds; fails where it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.1)
