from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.auth.credentials import Credentials


class Method(NamedTuple):
    """``words`` are for people. ``grants`` are the permissions it may give.

    ``scheme`` is that of its challenge (RFC 9110 section 11.6.1). ``security`` describes it in ``/openapi.json``
    (Security Scheme Object).
    ``names_permissions``: a caller's scopes must hold the permission's own name.
    ``forwards``: its principals have an ``authorization`` that a core can take.
    """

    name: str
    words: str
    grants: frozenset[str]
    scheme: str
    security: Mapping[str, str]
    names_permissions: bool = False
    forwards: bool = False

    @property
    def sent_as(self) -> str:
        """The header that carries the credentials."""
        return self.security["name"] if self.security["type"] == "apiKey" else f"Authorization: {self.scheme}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """``id`` is unique over all methods, and stable over tokens and key rotations.

    ``partner_ids`` None: any partner. ``integrations`` None: all.
    ``rate`` is the caller's own limit (``COUNT/second|minute|hour``), or empty.
    ``partner`` is its name among the operator's partners, or empty; ``rated_as`` whose rate it is where it is not its own.
    ``share``: percent of the calls to the core at once, of a worker and all callers of the partner; 0: all.
    ``authorization`` is the raw header value, for a core that gets it forwarded.
    """

    # Rates and idempotency records are kept by it.
    id: str
    method: Method
    scopes: frozenset[str]
    roles: frozenset[str] = frozenset()
    partner_ids: frozenset[str] | None = None
    integrations: frozenset[str] | None = None
    rate: str = ""
    rated_as: str = ""
    partner: str = ""
    share: int = 0
    authorization: str = field(default="", repr=False)


class Authenticator(Protocol):
    """The guard asks each until one knows the credentials."""

    @property
    def method(self) -> Method: ...

    def identify(self, credentials: Credentials) -> Principal | None:
        """None: of another method. Raises AuthError: of this method, and bad."""
        ...
