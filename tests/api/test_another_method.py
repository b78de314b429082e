"""A third way to show who one is, made here only: one class, and one entry among the authenticators."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import re

import pytest

from gateway.api.routes import RESOURCES
from gateway.auth.errors import InvalidCredentials
from gateway.auth.principal import Method, Principal
from gateway.auth.scopes import BULK_UPDATE
from gateway.settings import SettingsError
from gateway.wiring.app import create_app
from tests.doubles.service import assert_problem

PATH = "/openapi/api/v1/actions"
SECRET = b"shared with the partner"
NOW = 1_795_861_138
WINDOW = 60
FORM = re.compile("([a-z]{1,64}):([0-9]{1,12}):([0-9a-f]{64})").fullmatch
SIGNED = Method(
    "signed_request",
    "a signed request",
    frozenset({BULK_UPDATE}),
    scheme="Signature",
    security={"type": "apiKey", "in": "header", "name": "X-Signature", "description": "NAME:SECONDS:HMAC"},
)


class SignedRequests:
    """``X-Signature: NAME:SECONDS:HMAC``, the HMAC over method, path, query and time."""

    method = SIGNED

    def identify(self, credentials):
        value = credentials.header("X-Signature")
        if value is None:
            return None
        parts = FORM(value)
        if parts is None:
            raise InvalidCredentials("not the form of a signature")
        name, seconds, signature = parts.groups()
        expected = sign(name, credentials.method, credentials.path, credentials.query, seconds)
        if not hmac.compare_digest(signature, expected):
            raise InvalidCredentials("signature")
        if abs(NOW - int(seconds)) > WINDOW:
            raise InvalidCredentials("signed too long ago or too far ahead")
        return Principal(id=f"signed:{name}", method=SIGNED, scopes=frozenset())


def sign(name, method="PATCH", path=PATH, query="", seconds=NOW):
    return hmac.new(SECRET, f"{name}\n{method}\n{path}\n{query}\n{seconds}".encode(), hashlib.sha256).hexdigest()


def signed_by(name, seconds=NOW, **covered):
    return f"{name}:{seconds}:{sign(name, seconds=seconds, **covered)}"


def app_of(service):
    authenticators = [SignedRequests(), *service.backends.authenticators]
    return create_app(service.settings, dataclasses.replace(service.backends, authenticators=authenticators))


@pytest.fixture
def service(make_service):
    return make_service(core_auth="none")


@pytest.fixture
def client(service):
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


def test_a_core_that_gets_the_callers_credentials_stops_the_start(make_service):
    with pytest.raises(SettingsError) as refused:
        app_of(make_service(core_auth="forward"))

    assert refused.value.lines == ("GATEWAY_CORE_AUTH: forward has nothing to send to the core for a signed request",)
