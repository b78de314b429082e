"""Who is calling, as every part behind the door sees it: made by an authenticator, never changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from gateway.auth.credentials import Credentials


class Method(NamedTuple):
    """A way to show who one is: its ``name`` in logs, its ``words`` for people, and the permissions that it may grant.

    ``names_permissions``: a caller's scopes must hold the permission's own name.
    """

    name: str
    words: str
    grants: frozenset[str]
    names_permissions: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A caller whose credentials were checked.

    ``id`` is stable over tokens and key rotations and unique over all methods: rates and idempotency records hang
    on it. ``partner_ids`` None: any partner may be named; ``integrations`` None: all are granted.
    ``rate`` is a limit of the caller's own (``COUNT/second|minute|hour``) or empty.
    ``authorization`` is the raw Authorization value, for the credential that forwards it to the core.
    """

    id: str
    method: Method
    scopes: frozenset[str]
    roles: frozenset[str] = frozenset()
    partner_ids: frozenset[str] | None = None
    integrations: frozenset[str] | None = None
    rate: str = ""
    authorization: str = field(default="", repr=False)


class Authenticator(Protocol):
    """One method. It knows no other: the guard asks each in turn, and the first that knows the credentials decides."""

    @property
    def method(self) -> Method:
        """What it can grant, and its words."""
        ...

    def identify(self, credentials: Credentials) -> Principal | None:
        """The caller behind the credentials; None: not my kind. Raises AuthError: mine, and bad."""
        ...
