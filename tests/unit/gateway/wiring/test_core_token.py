"""A token of the gateway's own, by the client-credentials grant."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from gateway.auth.errors import SourceFailed
from gateway.auth.keycloak.client import Server
from gateway.wiring.core_token import CoreToken
from tests.unit.gateway.auth.loopback import answer

if TYPE_CHECKING:
    from tests.unit.gateway.auth.loopback import Loopback

TOKEN = "/realms/partners/protocol/openid-connect/token"


def core_token(loopback: Loopback) -> CoreToken:
    return CoreToken(Server(url=loopback.url).client("partners", client_id="gateway", secret="s3cret"))


def test_the_token_and_its_lifetime_come_from_the_token_endpoint(loopback: Loopback):
    loopback.paths[TOKEN] = answer({"access_token": "abc", "expires_in": 300})

    assert core_token(loopback)() == ("abc", 300.0)

    form = parse_qs(loopback.bodies[0])
    assert loopback.hits == [f"POST {TOKEN}"]
    assert form["grant_type"] == ["client_credentials"]
    assert (form["client_id"], form["client_secret"]) == (["gateway"], ["s3cret"])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"access_token": "abc"},
        {"access_token": "", "expires_in": 300},
        {"access_token": 1, "expires_in": 300},
        {"access_token": "abc", "expires_in": "300"},
        {"access_token": "abc", "expires_in": True},
        {"access_token": "abc", "expires_in": 0},
    ],
)
def test_an_answer_without_a_usable_token_is_a_failure(loopback: Loopback, body: dict[str, object]):
    loopback.paths[TOKEN] = answer(body)

    with pytest.raises(SourceFailed, match="no token"):
        core_token(loopback)()


def test_wrong_client_credentials_are_a_failure_that_names_no_secret(loopback: Loopback):
    loopback.paths[TOKEN] = answer({"error": "unauthorized_client"}, 401)

    with pytest.raises(SourceFailed) as failed:
        core_token(loopback)()

    assert str(failed.value) == "status 401"
