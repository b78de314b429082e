"""A third way to show who one is, made here only: one class, and one entry among the authenticators."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac

import pytest

from gateway.auth.errors import InvalidCredentials
from gateway.auth.principal import Method, Principal
from gateway.auth.scopes import BULK_UPDATE
from gateway.wiring.app import create_app
from tests.doubles.service import assert_problem

SECRET = b"shared with the partner"
SIGNED = Method("signature", "a signed header", frozenset({BULK_UPDATE}))


class SignedHeader:
    """``X-Signature: NAME:HMAC``, the HMAC over the name."""

    method = SIGNED

    def identify(self, credentials):
        value = credentials.header("X-Signature")
        if value is None:
            return None
        name, _, signature = value.partition(":")
        if not hmac.compare_digest(signature, sign(name)):
            raise InvalidCredentials("signature")
        return Principal(id=f"signed:{name}", method=SIGNED, scopes=frozenset())


def sign(name):
    return hmac.new(SECRET, name.encode(), hashlib.sha256).hexdigest()


@pytest.fixture
def signed(service):
    authenticators = [SignedHeader(), *service.backends.authenticators]
    app = create_app(service.settings, dataclasses.replace(service.backends, authenticators=authenticators))
    client = app.test_client()

    def patch(path="/openapi/api/v1/actions", **headers):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.patch(path, json={"data": [{"actionId": "1", "status": "done"}]}, headers=sent)

    return patch


def test_a_caller_with_the_new_method_is_let_in_without_an_authorization_header(signed, service):
    assert signed(X_Signature=f"alice:{sign('alice')}").status_code == 200
    assert service.core.contexts[0].caller == "signed:alice"


def test_bad_credentials_of_the_new_method_are_refused(signed, service):
    assert_problem(signed(X_Signature="alice:00"), 401, "invalid-token")
    assert service.core.calls == []


def test_the_methods_before_it_go_on_as_they_were(signed):
    assert signed(Authorization="Bearer good").status_code == 200
    assert_problem(signed(Authorization="Bearer bad"), 401, "invalid-token")


def test_without_any_credentials_the_caller_is_challenged(signed):
    problem = signed()

    assert_problem(problem, 401, "invalid-token")
    assert problem.headers["WWW-Authenticate"] == 'Bearer realm="gateway"'


def test_what_a_method_does_not_grant_names_all_that_do(signed):
    problem = signed(Authorization="Bearer key_1")

    assert_problem(problem, 401, "invalid-token")
    assert problem.get_json()["detail"] == (
        "This endpoint takes a signed header or a Keycloak access token; an API key cannot be used here."
    )
