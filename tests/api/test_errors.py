"""Every error has one shape: ours, the framework's, and faults that nobody foresaw."""

from __future__ import annotations

import gc
import re

import pytest
from werkzeug import exceptions

from gateway.api.errors import from_framework
from gateway.api.request import GatewayRequest
from gateway.auth import errors as auth
from gateway.auth.api_keys.api_key_authenticator import API_KEY
from gateway.auth.keycloak.token_principal import KEYCLOAK
from gateway.auth.principal import Principal
from gateway.compiled import compiled
from gateway.problems import PROBLEM_TYPES
from tests.doubles.service import assert_problem

PATH = "/openapi/api/v1/actions"
ITEM = {"actionId": "1", "status": "active"}


class Refusing:
    """An authenticator with one answer."""

    def __init__(self, error):
        self.error = error

    method = KEYCLOAK

    def identify(self, credentials):
        raise self.error


def test_a_path_that_is_not_there(service):
    assert_problem(service.client.get("/nowhere"), 404, "no-such-page")


@pytest.mark.parametrize("path", [PATH + "/", "//openapi/api/v1/actions", "/openapi/api/v1//actions"])
def test_a_path_that_is_almost_there_is_not_redirected(service, path):
    assert_problem(service.client.patch(path), 404, "no-such-page")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_another_method_is_told_which_is_allowed(service, method):
    response = service.client.open(PATH, method=method)

    assert response.status_code == 405
    assert response.headers["Allow"] == "PATCH"
    if method != "HEAD":
        assert_problem(response, 405, "method-not-allowed")


def test_a_fault_nobody_foresaw_leaks_nothing(service):
    def explode(*_args, **_options):
        raise RuntimeError("secret detail at db.internal")

    service.authenticator.identify = explode
    service.app.testing = False

    response = service.patch(ITEM)

    assert_problem(response, 500, "internal-error")
    assert "secret" not in response.text
    assert "Traceback" not in response.text


@pytest.mark.parametrize("request_id", ["abc-123", "01J9Z.Y_x~:/+=", "a" * 128])
def test_a_well_formed_request_id_is_kept(service, request_id):
    response = service.patch(ITEM, X_Request_ID=request_id)

    assert response.headers["X-Request-ID"] == request_id
    assert service.core.contexts[0].request_id == request_id


@pytest.mark.parametrize("request_id", ["", "a b", "a" * 129, "ü", 'x"y', "<script>"])
def test_any_other_is_replaced(service, request_id):
    given = service.patch(ITEM, X_Request_ID=request_id).headers["X-Request-ID"]

    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", given)


def test_the_callers_trace_goes_on_to_the_core(service):
    given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    service.patch(ITEM, traceparent=given)

    assert service.core.contexts[0].traceparent == given


@pytest.mark.parametrize("given", [None, "", "00-zz", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"])
def test_every_other_call_begins_a_trace_of_its_own(service, given):
    service.patch(ITEM, traceparent=given)

    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", service.core.contexts[0].traceparent)


def test_every_answer_has_an_id(service):
    for path in ("/livez", "/readyz", "/nowhere", "/problems/not-found"):
        assert service.client.get(path).headers["X-Request-ID"]


def test_no_token_is_challenged_without_an_error_code(service):
    response = service.patch(ITEM, Authorization=None)

    assert_problem(response, 401, "invalid-token")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="gateway"'


def test_a_bad_token_is_challenged_with_the_error_code(service):
    response = service.patch(ITEM, Authorization="Bearer bad")

    assert_problem(response, 401, "invalid-token")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="gateway", error="invalid_token"'


def test_the_scheme_may_be_written_in_any_case(service):
    assert service.patch(ITEM, Authorization="bearer good").status_code == 200


@pytest.mark.parametrize("query", ["?access_token=good", "?access_token=good&dry_run=true"])
def test_a_token_in_the_query_alone_is_none(service, query):
    response = service.patch(ITEM, query=query, Authorization=None)

    assert_problem(response, 401, "invalid-token")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="gateway"'


@pytest.mark.parametrize("query", ["?access_token=good", "?access_token=good&dry_run=true"])
def test_a_token_in_the_query_is_refused(service, query):
    response = service.patch(ITEM, query=query)

    assert_problem(response, 400, "bad-request")
    assert 'error="invalid_request"' in response.headers["WWW-Authenticate"]


def test_two_authorization_headers_are_refused(service):
    response = service.client.patch(PATH, headers=[("Authorization", "Bearer good"), ("Authorization", "Bearer good")])

    assert_problem(response, 400, "bad-request")


def test_a_missing_scope_is_named(service):
    service.authenticator.identify = Refusing(auth.InsufficientScope("actions:write")).identify

    response = service.patch(ITEM)

    assert_problem(response, 403, "insufficient-scope")
    assert (
        response.headers["WWW-Authenticate"]
        == 'Bearer realm="gateway", error="insufficient_scope", scope="actions:write"'
    )


def test_a_missing_role_is_named(make_service):
    service = make_service(required_role="actions:write")

    assert_problem(service.patch(ITEM), 403, "insufficient-scope")
    service.allow(roles=frozenset({"actions:write"}))
    assert service.patch(ITEM).status_code == 200


def test_an_api_key_cannot_use_the_bulk_endpoint_and_is_told_so(service):
    service.authenticator.principal = Principal(id="k", method=API_KEY, scopes=frozenset({"INTEGRATION_API"}))

    problem = assert_problem(service.patch(ITEM), 401, "invalid-token")

    assert "Keycloak access token" in problem["detail"]


def test_keys_that_cannot_be_had_are_a_503_that_says_when_to_come_back(service):
    service.authenticator.identify = Refusing(auth.KeysUnavailable("down", retry_after=2.5)).identify

    response = service.patch(ITEM)

    assert_problem(response, 503, "temporarily-unavailable")
    assert response.headers["Retry-After"] == "3"
    assert "WWW-Authenticate" not in response.headers


def test_who_is_calling_is_asked_before_anything_is_read(service):
    response = service.patch(body="{", query="?nonsense=1", Content_Type="text/plain", Authorization="Bearer bad")

    assert_problem(response, 401, "invalid-token")


@pytest.mark.parametrize("slug", sorted(PROBLEM_TYPES))
def test_every_problem_type_resolves_to_a_page(service, slug):
    page = service.client.get(f"/problems/{slug}")

    assert page.status_code == 200
    assert page.content_type == "text/html; charset=utf-8"
    assert PROBLEM_TYPES[slug].title in page.text
    assert service.client.get(f"/problems/{slug}", headers={"Accept": "application/json"}).get_json()["slug"] == slug


def test_the_pages_have_an_index(service):
    assert 'href="core-rejected"' in service.client.get("/problems/").text
    assert 'href="problems/core-rejected"' in service.client.get("/problems").text
    assert_problem(service.client.get("/problems/nonsense"), 404, "no-such-page")


def test_problem_types_start_with_the_public_url_where_it_is_set(make_service):
    service = make_service(public_url="https://gateway.example")

    assert service.client.get("/nowhere").get_json()["type"] == "https://gateway.example/problems/no-such-page"


@pytest.mark.parametrize(
    ("host", "start"),
    [("gateway.test:8080", "http://gateway.test:8080"), ("[::1]:80", "http://[::1]"), ("a b<script>", ""), ("", "")],
)
def test_elsewhere_they_start_with_the_address_that_the_caller_used(service, host, start):
    assert service.client.get("/nowhere", headers={"Host": host}).get_json()["type"] == f"{start}/problems/no-such-page"


@pytest.mark.parametrize(
    ("error", "slug"),
    [
        (exceptions.RequestURITooLarge(), "uri-too-long"),
        (exceptions.ExpectationFailed(), "expectation-failed"),
        (exceptions.NotImplemented(), "not-implemented"),
        (exceptions.RequestHeaderFieldsTooLarge(), "headers-too-large"),
        (exceptions.ImATeapot(), "bad-request"),
        (exceptions.BadGateway(), "internal-error"),
    ],
)
def test_each_status_of_the_framework_has_the_type_that_is_made_for_it(error, slug):
    problem = from_framework(error)

    assert (problem.slug, problem.status) == (slug, error.code)


def test_liveness_asks_nobody(service):
    assert service.client.get("/livez").get_json() == {"status": "ok"}


def test_readiness_says_which_form_of_the_hot_path_runs(service):
    assert service.client.get("/readyz").get_json()["compiled"] is bool(compiled())


def test_readiness_turns_when_the_worker_drains_and_new_batches_are_refused(service):
    assert service.client.get("/readyz").status_code == 200

    service.app.plan.drain(0.0)

    response = service.client.get("/readyz")
    assert response.status_code == 503
    assert response.get_json()["checks"]["draining"] == {"ready": False}
    refused = service.patch(ITEM)
    assert_problem(refused, 503, "temporarily-unavailable")
    assert refused.headers["Retry-After"]
    assert service.core.calls == []


def test_a_scheme_whose_parameters_have_commas_is_not_ours(service):
    response = service.patch({"actionId": "1", "status": "done"}, Authorization='Digest username="a", realm="b"')

    assert_problem(response, 401, "invalid-token")


def test_the_index_of_problem_types_needs_no_slash(service):
    assert service.client.get("/problems").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/%6civez", 404),
        ("POST", "/livez", 405),
        ("PATCH", PATH, 401),
        ("GET", "/livez", 200),
    ],
)
def test_a_request_that_was_answered_leaves_nothing_to_the_collector(service, method, path, status):
    service.client.open(path, method=method)
    gc.collect()
    gc.disable()
    try:
        assert service.client.open(path, method=method).status_code == status
        assert [one for one in gc.get_objects() if isinstance(one, GatewayRequest)] == []
    finally:
        gc.enable()


@pytest.mark.parametrize("host", ["a" * 70, "a" * 62 + ":8080", "a..b"])
def test_no_host_that_the_server_lets_through_is_an_error_of_the_framework(service, host):
    assert service.client.get("/livez", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("upgrade", ["websocket", "WebSocket", "h2c"])
def test_a_request_that_would_upgrade_is_answered_as_it_is(service, upgrade):
    response = service.patch(ITEM, Upgrade=upgrade, Connection="Upgrade")

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (exceptions.BadRequest(), "The request cannot be read as HTTP; nothing of it was run."),
        (exceptions.SecurityError("secret"), "The request cannot be read as HTTP; nothing of it was run."),
        (exceptions.ClientDisconnected(), "The body ended early, or its framing is wrong."),
    ],
)
def test_a_bad_request_of_the_framework_says_what_is_wrong(error, detail):
    problem = from_framework(error)

    assert (problem.slug, problem.status, problem.detail) == ("bad-request", 400, detail)
