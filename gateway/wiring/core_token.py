from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gateway.auth.errors import SourceFailed
from gateway.auth.keycloak.client import ask
from legacy_client.credentials import TokenRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from keycloak import KeycloakOpenID


class CoreToken:
    """Client-credentials grant (RFC 6749 §4.4) on each call, without a cache.

    ``secret`` gives the client's present secret.
    """

    def __init__(self, client: KeycloakOpenID, secret: Callable[[], str]) -> None:
        self._client = client
        self._secret = secret
        self._fetch = partial(client.token, grant_type="client_credentials")

    def __call__(self) -> tuple[str, float]:
        """The access token and its seconds. Raises SourceFailed or TokenRefused."""
        # One call at a time: the client changes its headers during a call.
        self._client.client_secret_key = self._secret()
        try:
            answer = ask(self._fetch)
        except SourceFailed as exc:
            if exc.refusal:
                raise TokenRefused(exc.reason) from exc
            raise
        token, seconds = answer.get("access_token"), _positive(answer.get("expires_in"))
        if not isinstance(token, str) or not token or not seconds:
            raise SourceFailed("no token in the answer")
        return token, seconds


def _positive(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return max(0.0, value)
