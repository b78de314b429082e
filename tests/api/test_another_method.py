"""A third way to show who one is, made here only: one class, and one entry among the authenticators."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from gateway.api.routes import RESOURCES
from gateway.settings import SettingsError, variable
from gateway.wiring.app import create_app
from tests.api.signed_requests import SIGNED, SignedRequests, read_signers, sign
from tests.doubles.service import assert_problem

if TYPE_CHECKING:
    from gateway.settings.access import AccessSettings

PATH = "/openapi/api/v1/actions"
SECRET = "shared with the partner, and long enough"
NOW = 1_795_861_138
WINDOW = 60
FILE = f"""
[alice]
secret = "{SECRET}"
partner_ids = ["8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a07"]
roles = ["writer"]
scopes = []

[bob]
secret = "another secret of thirty-two bytes"
partner_ids = []
roles = []
scopes = []
"""


class Settings(NamedTuple):
    """The group, with the new field."""

    signers_file: str = ""


def signed_requests(settings: AccessSettings) -> list[SignedRequests]:
    """Empty where the operator names no signers. Raises SettingsError for an unusable file."""
    if not settings.signers_file:
        return []
    try:
        return [SignedRequests(Path(settings.signers_file))]
    except (OSError, ValueError) as exc:
        raise SettingsError(f"{variable('signers_file')}: {exc}") from exc


def signed_by(name, seconds=NOW, secret=SECRET, method="PATCH", path=PATH, query=""):
    return f"{name}:{seconds}:{sign(secret.encode(), method, path, query, str(seconds))}"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "signers.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


@pytest.fixture
def app_of(file):
    def app_of(service):
        authenticators = [SignedRequests(file, lambda: NOW), *service.backends.authenticators]
        return create_app(service.settings, dataclasses.replace(service.backends, authenticators=authenticators))

    return app_of


@pytest.fixture
def service(make_service):
    return make_service(core_auth="none")


@pytest.fixture
def client(service, app_of):
    return app_of(service).test_client()


@pytest.fixture
def patch(client):
    def patch(path=PATH, **headers):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.patch(path, json={"data": [{"actionId": "1", "status": "done"}]}, headers=sent)

    return patch


def test_a_caller_with_the_new_method_is_let_in_without_an_authorization_header(patch, service):
    assert patch(X_Signature=signed_by("alice")).status_code == 200
    assert service.core.contexts[0].caller == "signed:alice"


def test_the_query_is_there_as_it_was_sent(patch):
    query = "dry_run=true"

    assert patch(f"{PATH}?{query}", X_Signature=signed_by("alice", query=query)).status_code == 200
    assert_problem(patch(f"{PATH}?{query}", X_Signature=signed_by("alice")), 401, "invalid-token")


@pytest.mark.parametrize(
    "covered",
    [{"method": "PUT"}, {"path": f"{PATH}/"}, {"query": "dry_run=true"}, {"seconds": NOW - WINDOW - 1}],
    ids=str,
)
def test_a_signature_of_another_request_is_refused(patch, service, covered):
    refused = patch(X_Signature=signed_by("alice", **covered))

    assert_problem(refused, 401, "invalid-token")
    assert service.core.calls == []


@pytest.mark.parametrize("value", ["", "alice", "alice:1:00", f"alice:{NOW}:{'é' * 64}", f"{signed_by('alice')}, x"])
def test_what_is_no_signature_is_refused(client, service, value):
    refused = client.patch(PATH, json={"data": []}, headers={"X-Signature": value})

    assert_problem(refused, 401, "invalid-token")
    assert service.core.calls == []


@pytest.mark.parametrize("name", ["bob", "carol"], ids=["of another", "of nobody"])
def test_a_secret_signs_for_its_own_name_alone(patch, service, name):
    assert_problem(patch(X_Signature=signed_by(name)), 401, "invalid-token")
    assert_problem(patch(X_Signature=signed_by("carol", secret="\0" * 32)), 401, "invalid-token")
    assert service.core.calls == []


@pytest.mark.parametrize("authorization", ["Bearer good", "Bearer key_1"], ids=["a token", "an API key"])
def test_a_signature_beside_other_credentials_is_refused(patch, service, authorization):
    refused = patch(X_Signature=signed_by("alice"), Authorization=authorization)

    assert_problem(refused, 400, "bad-request")
    assert service.core.calls == []


def test_a_caller_may_name_its_own_partners_alone(client):
    def named(partner):
        body = {"data": [{"actionId": "1", "partner_ids": [partner]}]}
        return client.patch(PATH, json=body, headers={"X-Signature": signed_by("alice")}).status_code

    assert named("8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a07") == 200
    assert named("8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a08") == 400


def test_roles_are_those_of_the_file(make_service, app_of):
    client = app_of(make_service(core_auth="none", required_role="writer")).test_client()

    def answered(value):
        return client.patch(PATH, json={"data": [{"actionId": "1"}]}, headers={"X-Signature": value}).status_code

    assert answered(signed_by("alice")) == 400
    assert answered(signed_by("bob", secret="another secret of thirty-two bytes")) == 403


def test_it_is_made_where_its_file_is_set(file):
    assert signed_requests(Settings()) == []
    [made] = signed_requests(Settings(str(file)))
    assert made.method is SIGNED

    file.write_text("secret", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"^GATEWAY_SIGNERS_FILE: must hold a table for each name"):
        signed_requests(Settings(str(file)))


@pytest.mark.parametrize(
    "text",
    ["\xff", "5 = ", "alice = 5", "[alice]", FILE.replace(SECRET, "short"), FILE.replace('["writer"]', '"writer"')],
    ids=["no UTF-8", "no TOML", "no table", "nothing in it", "a short secret", "a text for a list"],
)
def test_a_file_that_is_none_is_refused_without_its_content(text):
    with pytest.raises(ValueError, match="must hold a table") as refused:
        read_signers(text.encode("latin-1"))
    assert "another secret" not in str(refused.value)
    assert "0xff" not in str(refused.value)


def test_the_methods_before_it_go_on_as_they_were(patch):
    assert patch(Authorization="Bearer good").status_code == 200
    assert_problem(patch(Authorization="Bearer bad"), 401, "invalid-token")


@pytest.mark.parametrize(
    ("headers", "challenges"),
    [
        ({}, 'Signature realm="gateway", Bearer realm="gateway"'),
        ({"X_Signature": "alice"}, 'Signature realm="gateway", error="invalid_token", Bearer realm="gateway"'),
        ({"Authorization": "Bearer bad"}, 'Signature realm="gateway", Bearer realm="gateway", error="invalid_token"'),
        ({"Authorization": "Basic eDp5"}, 'Signature realm="gateway", Bearer realm="gateway"'),
    ],
    ids=str,
)
def test_every_scheme_is_challenged_and_the_one_that_failed_says_why(patch, headers, challenges):
    problem = patch(**headers)

    assert_problem(problem, 401, "invalid-token")
    assert problem.headers["WWW-Authenticate"] == challenges


def test_without_any_credentials_the_caller_is_told_what_to_send(patch):
    assert assert_problem(patch(), 401, "invalid-token")["detail"] == (
        "This endpoint needs a signed request (X-Signature) or a Keycloak access token (Authorization: Bearer)."
    )


def test_what_a_method_does_not_grant_names_all_that_do(patch):
    problem = patch(Authorization="Bearer key_1")

    assert_problem(problem, 401, "invalid-token")
    assert problem.get_json()["detail"] == (
        "This endpoint takes a signed request or a Keycloak access token; an API key cannot be used here."
    )


def test_an_endpoint_that_does_not_take_the_method_does_not_ask_for_it(client):
    path = "/integrations/v1/8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00/actions/8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a01"

    refused = client.put(path, json={"name": "x"}, headers={"X-Signature": signed_by("alice", method="PUT", path=path)})

    assert assert_problem(refused, 401, "invalid-token")["detail"] == (
        "This endpoint takes an API key; a signed request cannot be used here."
    )
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="gateway"'


OF_JOBS = (
    "createJob", "listJobs", "getJob", "deleteJob", "putJobPart", "startJob", "pauseJob", "resumeJob", "retryJob",
    "getJobResults",
)  # fmt: skip


def test_the_openapi_document_tells_it_where_it_can_be_used(client):
    document = client.get("/openapi.json").get_json()
    schemes = document["components"]["securitySchemes"]
    security = {
        operation["operationId"]: operation["security"]
        for path in document["paths"].values()
        for operation in path.values()
    }
    updates = [f"update{make(('en',), 1, lambda: None).plural.title()}" for make in RESOURCES]

    assert "updateActions" in updates
    assert set(schemes) == {"signedRequest", "apiKey", "keycloak"}
    assert schemes["signedRequest"] == SIGNED.security
    assert security == {
        **{each: [{"signedRequest": []}, {"keycloak": []}] for each in updates},
        **{each: [{"signedRequest": []}, {"keycloak": []}] for each in OF_JOBS},
        "getBatch": [{"signedRequest": []}, {"keycloak": []}],
        "getLimits": [{"signedRequest": []}, {"keycloak": []}],
        "replaceIntegrationAction": [{"apiKey": []}],
    }


def test_a_core_that_gets_the_callers_credentials_stops_the_start(make_service, app_of):
    with pytest.raises(SettingsError) as refused:
        app_of(make_service(core_auth="forward"))

    assert refused.value.lines == ("GATEWAY_CORE_AUTH: forward has nothing to send to the core for a signed request",)
