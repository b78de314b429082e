"""Why a caller was not let in.

::

    AuthError
    ├── NoCredentials          none, or of an unknown scheme        401, challenge without `error`
    ├── InvalidRequest         more than one set of credentials     400 invalid_request
    ├── InvalidCredentials     invalid, for whatever reason         401 invalid_token
    │   └── WrongMethod        this endpoint takes other methods    401 invalid_token
    ├── InsufficientScope      a role or scope is missing           403 insufficient_scope
    └── KeysUnavailable        they cannot be checked just now      503, Retry-After

    SourceFailed               Keycloak or the store of API keys failed; becomes one of the above

``detail`` is safe to show; ``reason`` is for logs only. The codes are those of RFC 6750 §3.1. ``scheme`` is that of the
credentials, and empty where it is not known.
"""

from __future__ import annotations


class AuthError(Exception):
    detail = "The credentials were not accepted."

    def __init__(self, reason: str = "", *, scheme: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.scheme = scheme


class NoCredentials(AuthError):
    """RFC 6750 §3: no error code."""

    detail = "This endpoint needs credentials."


class InvalidRequest(AuthError):
    """More than one set of credentials (RFC 6750 §2)."""

    detail = "Send one set of credentials: one header with one value, and none in the query."


class InvalidCredentials(AuthError):
    # The same text for every cause: it must not help an attacker.
    detail = "The credential is malformed, expired, revoked, or was not issued for this service."


class WrongMethod(InvalidCredentials):
    """``wanted`` and ``given`` are words for people."""

    def __init__(self, *, wanted: str, given: str) -> None:
        super().__init__(f"wants {wanted}, got {given}")
        self.detail = f"This endpoint takes {wanted}; {given} cannot be used here."


class InsufficientScope(AuthError):
    """``scope`` names a scope or a role (RFC 6750 §3)."""

    detail = "The credential does not carry the scope or role that this endpoint needs."

    def __init__(self, scope: str) -> None:
        super().__init__(f"lacks {scope}")
        self.scope = scope


class KeysUnavailable(AuthError):
    """``retry_after`` is in seconds."""

    detail = "Credentials cannot be checked at the moment."

    def __init__(self, reason: str = "", *, retry_after: float = 1.0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class SourceFailed(Exception):
    """Keycloak or the store of API keys is unreachable, or its answer unusable.

    ``reason`` never holds content. ``refusal`` is Keycloak's error code for our client (RFC 6749 section 5.2).
    """

    def __init__(self, reason: str, *, refusal: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.refusal = refusal
