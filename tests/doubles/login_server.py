"""A realm's login server, as far as it is asked where its endpoints are."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import responses

from cli.access.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator

ISSUER = "https://login.test/realms/partners"
OPENID = f"{ISSUER}/protocol/openid-connect"
PROFILE = Profile(url="https://gateway.test", issuer=ISSUER, client_id="me", client_secret="hush")


@contextmanager
def login_server() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(
            f"{ISSUER}/.well-known/openid-configuration",
            json={
                "token_endpoint": f"{OPENID}/token",
                "device_authorization_endpoint": f"{OPENID}/auth/device",
                "revocation_endpoint": f"{OPENID}/revoke",
            },
        )
        yield mock
