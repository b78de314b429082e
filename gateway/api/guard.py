"""Who is calling, and may they (hop 2)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gateway.auth import errors as auth
from gateway.auth.credentials import Credentials
from gateway.batch.outcome import whole_seconds
from gateway.partners.directory import as_partner
from gateway.partners.partner import OTHERS
from gateway.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.api.request import GatewayRequest
    from gateway.auth.principal import Authenticator, Method, Principal
    from gateway.auth.scopes import Permissions
    from gateway.partners.directory import Partners

_log = logging.getLogger(__name__)

# The problem of an error, and its code (RFC 6750 section 3.1).
_CODES: Mapping[type[auth.AuthError], tuple[str, str]] = {
    auth.InsufficientScope: ("insufficient-scope", "insufficient_scope"),
    auth.InvalidRequest: ("bad-request", "invalid_request"),
    auth.AuthError: ("invalid-token", "invalid_token"),
}


class Guard:
    """Asks the authenticators in turn; the first that knows the credentials decides."""

    def __init__(
        self,
        authenticators: Sequence[Authenticator],
        permissions: Permissions,
        realm: str,
        partners: Partners | None = None,
    ) -> None:
        """``partners`` are the operator's, if there are any."""
        self._authenticators = authenticators
        self._permissions = permissions
        self._realm = realm
        self._partners = partners

    def identify(self, request: GatewayRequest, *permissions: str) -> Principal:
        """The caller, who holds one of ``permissions``. Raises Problem 400, 401, 403 or 503."""
        try:
            principal = self._principal(request, permissions)
        except auth.AuthError as exc:
            _log.info("access_refused", extra={"error": type(exc).__name__, "reason": exc.reason})
            raise self._problem(exc, self._permissions.methods(*permissions)) from exc
        request.principal_id = principal.id
        return principal if self._partners is None else self._admitted(request, principal, self._partners)

    def allows(self, principal: Principal, permission: str) -> bool:
        """Of one who was identified."""
        return self._permissions.are_held(principal, permission)

    def _admitted(self, request: GatewayRequest, principal: Principal, partners: Partners) -> Principal:
        """As a partner of the operator's, if it is one. Raises Problem 403."""
        partner = partners.of(principal)
        if partner is None:
            request.partner = OTHERS
            return principal
        request.partner = partner.name
        if partner.blocked:
            raise Problem("partner-blocked", partner.blocked)
        # Compiled, `get` would be that of a plain dict, and give a list.
        if partner.dry_run_only and request.method != "GET" and request.args.getlist("dry_run")[:1] != ["true"]:
            raise Problem("dry-run-only")
        return as_partner(principal, partner)

    def _principal(self, request: GatewayRequest, permissions: tuple[str, ...]) -> Principal:
        environ = request.environ
        credentials = Credentials.of(
            request.header,
            certificate=environ.get("SSL_CLIENT_CERT", ""),
            method=request.method,
            path=request.path,
            query=request.query,
        )
        if request.query and credentials.authorization is not None and "access_token" in request.args:
            raise auth.InvalidRequest("a token in the query too", scheme="Bearer")
        if "," in credentials.bearer:
            raise auth.InvalidRequest("several Authorization values", scheme="Bearer")
        for authenticator in self._authenticators:
            try:
                if (principal := authenticator.identify(credentials)) is not None:
                    self._permissions.require(principal, *permissions)
                    return principal
            except auth.AuthError as exc:
                exc.scheme = authenticator.method.scheme
                raise
        raise auth.NoCredentials("" if credentials.authorization is None else "a scheme that is not ours")

    def _problem(self, error: auth.AuthError, methods: Sequence[Method]) -> Problem:
        """``methods`` are those that the endpoint takes."""
        if isinstance(error, auth.KeysUnavailable):
            retry_after = str(whole_seconds(error.retry_after))
            return Problem("temporarily-unavailable", error.detail, headers={"Retry-After": retry_after})
        if isinstance(error, auth.NoCredentials):
            wanted = " or ".join(f"{method.words} ({method.sent_as})" for method in methods)
            return Problem("invalid-token", f"This endpoint needs {wanted}.", headers=self._challenges(methods))
        slug, code = next(codes for kind, codes in _CODES.items() if isinstance(error, kind))
        scope = error.scope if isinstance(error, auth.InsufficientScope) else ""
        return Problem(slug, error.detail, headers=self._challenges(methods, error.scheme, code, scope))

    def _challenges(
        self, methods: Sequence[Method], failed: str = "", code: str = "", scope: str = ""
    ) -> dict[str, str]:
        """One for each scheme (RFC 9110 section 11.6.1); that of ``failed`` says why (RFC 6750 section 3)."""
        challenges = []
        for scheme in dict.fromkeys(method.scheme for method in methods):
            challenges.append(f'{scheme} realm="{self._realm}"')
            if scheme == failed:
                challenges += [f'error="{code}"'] + ([f'scope="{scope}"'] if scope else [])
        return {"WWW-Authenticate": ", ".join(challenges)}
