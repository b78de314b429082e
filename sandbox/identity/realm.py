"""The clients and users of every realm, and what a realm holds while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.identity.keys import KeyRing

REALM = "partners"
AUDIENCE = "bulk-update-gateway"
WRITE = "actions:write"


@dataclass(frozen=True, slots=True)
class Client:
    """Without a secret it is public. ``scopes`` are those beside the default ones."""

    id: str
    secret: str = ""
    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class User:
    """Someone who logs in with a password."""

    name: str
    password: str
    roles: tuple[str, ...] = ()


CLIENTS = {
    client.id: client
    for client in (
        Client("partner", "partner-secret", (WRITE,), (WRITE,)),
        Client("reader", "reader-secret"),
        Client("gateway", "gateway-secret", ("core:write",)),
        Client("portal"),
    )
}
USERS = {user.name: user for user in (User("ada", "ada-password", (WRITE,)), User("bob", "bob-password"))}


@dataclass(slots=True)
class Realm:
    """A running realm: its keys, and the ended tokens (``jti``) and sessions (``sid``)."""

    name: str
    url: str
    keys: KeyRing
    access_seconds: int
    ended: set[str] = field(default_factory=set)

    @property
    def openid_url(self) -> str:
        """Where the OpenID endpoints are."""
        return f"{self.url}/protocol/openid-connect"
