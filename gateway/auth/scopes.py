from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.auth.errors import InsufficientScope, WrongMethod

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.auth.principal import Method, Principal

BULK_UPDATE = "BULK_UPDATE"
INTEGRATION_API = "INTEGRATION_API"


class Permissions:
    """An API key carries its permissions as scopes. A Keycloak token needs the configured role and scope.

    With neither configured, every token for the audience will do.
    """

    def __init__(self, methods: Sequence[Method], *, required_role: str = "", required_scope: str = "") -> None:
        """``methods`` are all that the service takes."""
        self._methods = methods
        self._role = required_role
        self._scope = required_scope

    def require(self, principal: Principal, *permissions: str) -> None:
        """One of them. Raises WrongMethod or InsufficientScope, for the first."""
        refusals = []
        for permission in permissions:
            try:
                self._require(principal, permission)
            except (WrongMethod, InsufficientScope) as refusal:
                refusals.append(refusal)
            else:
                return
        raise refusals[0]

    def are_held(self, principal: Principal, permission: str) -> bool:
        try:
            self._require(principal, permission)
        except (WrongMethod, InsufficientScope):
            return False
        return True

    def _require(self, principal: Principal, permission: str) -> None:
        method = principal.method
        if permission not in method.grants:
            wanted = " or ".join(one.words for one in self.methods(permission))
            raise WrongMethod(wanted=wanted or "other credentials", given=method.words)
        if method.names_permissions:
            _demand(permission, principal.scopes)
        else:
            _demand(self._role, principal.roles)
            _demand(self._scope, principal.scopes)

    def methods(self, *permissions: str) -> list[Method]:
        """Those that may give one of them."""
        return [method for method in self._methods if not method.grants.isdisjoint(permissions)]


def _demand(name: str, held: frozenset[str]) -> None:
    if name and name not in held:
        raise InsufficientScope(name)
