"""Who is calling, and may they (hop 2)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gateway.auth import errors as auth
from gateway.auth.credentials import Credentials
from gateway.batch.outcome import whole_seconds
from gateway.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.api.request import GatewayRequest
    from gateway.auth.principal import Authenticator, Principal
    from gateway.auth.scopes import Permissions

_log = logging.getLogger(__name__)


class Guard:
    """Asks the authenticators in turn; the first that knows the credentials decides."""

    def __init__(self, authenticators: Sequence[Authenticator], permissions: Permissions, realm: str) -> None:
        self._authenticators = authenticators
        self._permissions = permissions
        self._realm = realm

    def identify(self, request: GatewayRequest, permission: str) -> Principal:
        """The caller, who holds ``permission``. Raises Problem 400, 401, 403 or 503."""
        try:
            principal = self._principal(request, permission)
        except auth.AuthError as exc:
            _log.info("access_refused", extra={"error": type(exc).__name__, "reason": exc.reason})
            raise self._problem(exc) from exc
        request.principal_id = principal.id
        return principal

    def _principal(self, request: GatewayRequest, permission: str) -> Principal:
        credentials = Credentials.of(request.headers.get, request.environ.get("SSL_CLIENT_CERT", ""))
        if request.query_string and credentials.authorization is not None and "access_token" in request.args:
            raise auth.InvalidRequest("a token in the query too")
        if "," in credentials.bearer:
            raise auth.InvalidRequest("several Authorization values")
        for authenticator in self._authenticators:
            if (principal := authenticator.identify(credentials)) is not None:
                self._permissions.require(principal, permission)
                return principal
        raise auth.NoCredentials("" if credentials.authorization is None else "a scheme that is not ours")

    def _problem(self, error: auth.AuthError) -> Problem:
        if isinstance(error, auth.KeysUnavailable):
            retry_after = str(whole_seconds(error.retry_after))
            return Problem("temporarily-unavailable", error.detail, headers={"Retry-After": retry_after})
        if isinstance(error, auth.InsufficientScope):
            return Problem(
                "insufficient-scope", error.detail, headers=self._challenge("insufficient_scope", error.scope)
            )
        if isinstance(error, auth.InvalidRequest):
            return Problem("bad-request", error.detail, headers=self._challenge("invalid_request"))
        if isinstance(error, auth.NoCredentials):
            return Problem("invalid-token", error.detail, headers=self._challenge())
        return Problem("invalid-token", error.detail, headers=self._challenge("invalid_token"))

    def _challenge(self, error: str = "", scope: str = "") -> dict[str, str]:
        """RFC 6750 section 3."""
        # A request without credentials gets no error code.
        parts = [f'Bearer realm="{self._realm}"']
        parts += [f'error="{error}"'] if error else []
        parts += [f'scope="{scope}"'] if scope else []
        return {"WWW-Authenticate": ", ".join(parts)}
