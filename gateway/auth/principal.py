"""Who is calling, as every part behind the door sees it. Its one rule: it is made by an authenticator, never changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

Method = Literal["keycloak", "api_key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A caller whose credentials were checked.

    ``id`` is stable over tokens and key rotations and unique over both methods: rates and idempotency records hang
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
    """One way to prove who one is."""

    def identify(self, authorization: str) -> Principal | None:
        """The caller behind an Authorization value; None: not my kind of credentials. Raises AuthError: mine, and bad."""
