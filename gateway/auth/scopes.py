"""Which kind of credentials may grant what. Its one rule: what the table does not name, nothing grants."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from gateway.auth.errors import InsufficientScope, WrongMethod

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.auth.principal import Method, Principal

BULK_UPDATE = "BULK_UPDATE"
INTEGRATION_API = "INTEGRATION_API"

GRANTED_BY: Mapping[str, frozenset[Method]] = MappingProxyType(
    {
        BULK_UPDATE: frozenset({"keycloak"}),
        INTEGRATION_API: frozenset({"api_key"}),
    }
)
_WORDS: Mapping[Method, str] = MappingProxyType({"keycloak": "a Keycloak access token", "api_key": "an API key"})


class Permissions:
    """The rule that the guard asks: may this principal use that permission?

    An API key carries its permissions as scopes. A Keycloak token holds ``BULK_UPDATE`` when it has the configured
    role and the configured scope; where neither is configured, every token of the realm for this audience has it.
    """

    def __init__(self, *, required_role: str = "", required_scope: str = "") -> None:
        self._role = required_role
        self._scope = required_scope

    def require(self, principal: Principal, permission: str) -> None:
        """Nothing where ``permission`` is held; raises WrongMethod or InsufficientScope otherwise."""
        methods = GRANTED_BY.get(permission, frozenset())
        if principal.method not in methods:
            wanted = " or ".join(_WORDS[method] for method in sorted(methods)) or "other credentials"
            raise WrongMethod(wanted=wanted, given=_WORDS[principal.method])
        if principal.method == "api_key":
            _demand(permission, principal.scopes)
        else:
            _demand(self._role, principal.roles)
            _demand(self._scope, principal.scopes)


def _demand(name: str, held: frozenset[str]) -> None:
    if name and name not in held:
        raise InsufficientScope(name)
