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
class Device:
    """A device that asks to be let in; ``user`` is the name of who decided. Times are in seconds since 1970."""

    client_id: str
    user_code: str
    scope: str
    expires_at: float
    user: str = ""
    is_refused: bool = False
    asked_at: float = 0.0


@dataclass(slots=True)
class Realm:
    """A running realm: its keys, the ended tokens (``jti``) and sessions (``sid``), and devices by their code."""

    name: str
    url: str
    keys: KeyRing
    access_seconds: int
    ended: set[str] = field(default_factory=set)
    devices: dict[str, Device] = field(default_factory=dict)

    @property
    def openid_url(self) -> str:
        """Where the OpenID endpoints are."""
        return f"{self.url}/protocol/openid-connect"
