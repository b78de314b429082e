"""A token of the gateway's own, by the client-credentials grant."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from gateway.auth.errors import SourceFailed
from gateway.settings.secrets import FileText, secret_now
from gateway.wiring.core_token import CoreToken
from legacy_client.credentials import TokenRefused
from tests.doubles.loopback import answer
from tests.doubles.rules import keycloak_server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.doubles.loopback import Loopback

TOKEN = "/realms/partners/protocol/openid-connect/token"


def core_token(loopback: Loopback) -> CoreToken:
    return CoreToken(keycloak_server(loopback.url).client("partners", client_id="gateway"), lambda: "s3cret")


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


@pytest.mark.parametrize(("error", "status"), [("invalid_client", 401), ("unauthorized_client", 400)])
def test_wrong_client_credentials_are_refused_with_keycloaks_code_and_no_secret(
    loopback: Loopback, error: str, status: int
):
    loopback.paths[TOKEN] = answer({"error": error, "error_description": "s3cret"}, status)

    with pytest.raises(TokenRefused) as refused:
        core_token(loopback)()

    assert refused.value.reason == f"status {status} {error}"


@pytest.mark.parametrize(
    ("body", "status"),
    [({"error": "invalid_client"}, 503), ({"error": "s3cret"}, 401), ({"error": 5}, 401), ({}, 400)],
)
def test_an_error_that_is_no_refusal_of_the_client_is_a_failure(loopback: Loopback, body: object, status: int):
    loopback.paths[TOKEN] = answer(body, status)

    with pytest.raises(SourceFailed) as failed:
        core_token(loopback)()

    assert failed.value.reason == f"status {status}"


def test_the_secret_is_the_one_that_its_file_holds_by_now(loopback: Loopback, tmp_path: Path):
    loopback.paths[TOKEN] = answer({"access_token": "abc", "expires_in": 300})
    file = tmp_path / "secret"
    file.write_text("first\n")
    kept = FileText("first", str(file))
    token = CoreToken(keycloak_server(loopback.url).client("partners", client_id="gateway"), partial(secret_now, kept))
    token()

    file.write_text("second\n")
    token()

    assert [parse_qs(body)["client_secret"] for body in loopback.bodies] == [["first"], ["second"]]
