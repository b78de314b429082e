"""Access tokens of the gateway's own, for its calls to the core. Its one rule: a client made for this and nothing else."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gateway.auth.errors import SourceFailed
from gateway.auth.keycloak.client import ask

if TYPE_CHECKING:
    from keycloak import KeycloakOpenID


class CoreToken:
    """Fetches a token by the client-credentials grant (RFC 6749 §4.4) each time it is called; it keeps none."""

    def __init__(self, client: KeycloakOpenID) -> None:
        self._fetch = partial(client.token, grant_type="client_credentials")

    def __call__(self) -> tuple[str, float]:
        """The access token, and the seconds for which it is valid. Raises SourceFailed.

        One call at a time: the client writes its headers while it asks.
        """
        answer = ask(self._fetch)
        token, seconds = answer.get("access_token"), _positive(answer.get("expires_in"))
        if not isinstance(token, str) or not token or not seconds:
            raise SourceFailed("no token in the answer")
        return token, seconds


def _positive(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return max(0.0, value)
