"""The integration action's PUT, row by row of contract section 2."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.resources.slugs import unique_slugs
from legacy_client import errors as core
from schemas.integrations import IntegrationActionAnswerSchema
from tests.doubles.service import assert_problem

INTEGRATION = "5f0c6f5e-58c1-4a3c-9a53-6b5cf9d3a111"
ACTION = "0d9f6f0e-2a41-4c58-8b1c-0f6a7c9b2222"
OTHER = "11111111-2222-4333-8444-555555555555"
EXAMPLE = {
    "name": "Get User Data v2",
    "description": "Reads one user",
    "inputFields": [
        {"label": "User ID", "required": True},
        {
            "label": "Format",
            "type": "SELECT",
            "options": [{"label": "JSON", "value": "json"}, {"label": "XML", "value": "xml"}],
        },
    ],
}


@pytest.fixture
def put(service):
    def send(body=EXAMPLE, *, integration=INTEGRATION, action=ACTION, prefix="", query="", **headers):
        sent = {"Authorization": "Bearer key_1", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        path = f"{prefix}/integrations/v1/{integration}/actions/{action}{query}"
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        return service.client.put(path, data=data, headers={k: v for k, v in sent.items() if v is not None})

    return send


@pytest.mark.parametrize("prefix", ["", "/api/public"])
def test_the_documents_example_gives_the_documented_answer(service, put, prefix):
    service.core.script[ACTION] = {
        "id": ACTION, "name": "Get User Data v2", "slug": "getUserData", "description": "Reads one user", "code": None,
        "order": 0, "input_fields": [
            {"label": "User ID", "type": "TEXT", "required": True},
            {"label": "Format", "type": "SELECT", "options": [{"label": "JSON", "value": "json"}]},
        ],
    }  # fmt: skip

    response = put(prefix=prefix)

    assert response.status_code == 200
    assert json.loads(response.text, object_pairs_hook=list) == [("action", [
        ("id", ACTION), ("name", "Get User Data v2"), ("slug", "getUserData"), ("description", "Reads one user"),
        ("code", None), ("order", 0), ("inputFields", [
            [("slug", "userId"), ("label", "User ID"), ("type", "TEXT"), ("description", ""), ("placeholder", None),
             ("required", True), ("order", 0), ("options", None), ("allowMultiSelect", None), ("contextActionId", None)],
            [("slug", "format"), ("label", "Format"), ("type", "SELECT"), ("description", ""), ("placeholder", None),
             ("required", False), ("order", 1), ("options", [[("label", "JSON"), ("value", "json")]]),
             ("allowMultiSelect", None), ("contextActionId", None)],
        ]),
    ])]  # fmt: skip


def test_what_is_omitted_is_cleared_but_the_code_is_kept(service, put):
    put({"name": "Bare"})

    assert service.core.calls[0].fields == {"name": "Bare", "description": "", "input_fields": []}


def test_code_null_clears_it(service, put):
    put({"name": "Bare", "code": None})

    assert service.core.calls[0].fields["code"] is None


REFUSED = {
    "no name": ({}, "name"),
    "an empty name": ({"name": ""}, "name"),
    "a long name": ({"name": "x" * 101}, "name"),
    "a long description": ({"name": "x", "description": "x" * 1001}, "description"),
    "long code": ({"name": "x", "code": "x" * 40_001}, "code"),
    "code that is no text": ({"name": "x", "code": 5}, "code"),
    "another field": ({"name": "x", "slug": "y"}, "slug"),
    "too many input fields": ({"name": "x", "inputFields": [{"label": "a"}] * 101}, "inputFields"),
    "an input field without a label": ({"name": "x", "inputFields": [{"type": "TEXT"}]}, "inputFields.0.label"),
    "a long label": ({"name": "x", "inputFields": [{"label": "x" * 101}]}, "inputFields.0.label"),
    "an unknown type": ({"name": "x", "inputFields": [{"label": "a", "type": "text"}]}, "inputFields.0.type"),
    "a long field description": ({"name": "x", "inputFields": [{"label": "a", "description": "x" * 501}]}, "inputFields.0.description"),
    "a long placeholder": ({"name": "x", "inputFields": [{"label": "a", "placeholder": "x" * 201}]}, "inputFields.0.placeholder"),
    "required as text": ({"name": "x", "inputFields": [{"label": "a", "required": "yes"}]}, "inputFields.0.required"),
    "a context action that is no UUID": ({"name": "x", "inputFields": [{"label": "a", "contextActionId": "7"}]}, "inputFields.0.contextActionId"),
    "another input field name": ({"name": "x", "inputFields": [{"label": "a", "slug": "b"}]}, "inputFields.0.slug"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "field"), REFUSED.values(), ids=REFUSED.keys())
def test_an_invalid_body_is_refused_and_says_where(service, put, body, field):
    problem = assert_problem(put(body), 400, "validation-failed")

    assert field in [error["field"] for error in problem["errors"]]
    assert service.core.calls == []


@pytest.mark.parametrize(
    "field",
    [
        {"label": "a", "options": [{"label": "x", "value": "y"}]},
        {"label": "a", "allowMultiSelect": True},
        {"label": "a", "type": "SELECT"},
        {"label": "a", "type": "SELECT", "options": [{"label": "x", "value": "y"}, {"label": "z", "value": "y"}]},
        {"label": "a", "type": "SELECT", "options": [{"label": "x"}]},
    ],
)
def test_options_belong_to_selects_which_need_them(put, field):
    assert_problem(put({"name": "x", "inputFields": [field]}), 400, "validation-failed")


def test_a_select_may_take_its_options_from_another_action(put):
    field = {"label": "a", "type": "SELECT", "contextActionId": OTHER}

    assert put({"name": "x", "inputFields": [field]}).status_code == 200


@pytest.mark.parametrize("where", ["integration", "action"])
@pytest.mark.parametrize("bad", ["7", "..", "%2e%2e", INTEGRATION + "0", "g" * 36, INTEGRATION.replace("-", "")])
def test_both_ids_must_be_uuids(service, put, where, bad):
    response = put(**{where: bad})

    assert response.status_code in {400, 404}
    assert service.core.calls == []


def test_no_key_is_challenged(put):
    response = put(Authorization=None)

    assert_problem(response, 401, "invalid-token")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="gateway"'


def test_a_keycloak_token_cannot_be_used_and_is_told_so(put):
    assert "API key" in assert_problem(put(Authorization="Bearer good"), 401, "invalid-token")["detail"]


def test_a_key_without_the_scope_is_refused(service, put):
    service.authenticator.key = replace(service.authenticator.key, scopes=frozenset())

    assert_problem(put(), 403, "insufficient-scope")


def test_a_key_may_touch_only_the_integrations_it_was_granted(service, put):
    service.authenticator.key = replace(service.authenticator.key, integrations=frozenset({INTEGRATION}))

    assert put(integration=INTEGRATION.upper()).status_code == 200
    assert_problem(put(integration=OTHER), 403, "integration-not-granted")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_requests_from_a_browsers_page_are_refused_without_a_cors_header(service, put, headers):
    response = put(**headers)

    assert_problem(response, 403, "browser-origin")
    assert not [name for name in dict(response.headers) if name.startswith("Access-Control")]
    assert service.core.calls == []


def test_preflights_are_refused_too(service):
    path = f"/integrations/v1/{INTEGRATION}/actions/{ACTION}"
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"}

    response = service.client.options(path, headers=headers)

    assert_problem(response, 403, "browser-origin")
    assert "Access-Control-Allow-Origin" not in response.headers
    assert_problem(service.client.options(path), 405, "method-not-allowed")


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_a_pages_forms_and_links_are_refused_whatever_their_method(service, method):
    path = f"/integrations/v1/{INTEGRATION}/actions/{ACTION}"

    assert_problem(service.client.open(path, method=method, headers={"Origin": "null"}), 403, "browser-origin")
    response = service.client.open(path, method=method)
    assert_problem(response, 405, "method-not-allowed")
    assert response.headers["Allow"] == "PUT"


def test_a_call_from_the_address_bar_or_a_program_is_not_a_page(put):
    assert put(Sec_Fetch_Site="none").status_code == 200


def test_the_bulk_endpoint_takes_an_origin(service):
    assert service.patch({"actionId": "1", "status": "done"}, Origin="https://partner.example").status_code == 200


@pytest.mark.parametrize(
    ("failure", "status", "slug"),
    [
        (core.NotFound(404), 404, "not-found"),
        (core.Conflict(409), 409, "conflict"),
        (core.Rejected(422, errors={"input_fields.0.context_action_id": ["unknown"]}), 400, "core-rejected"),
        (core.AccessDenied(403), 502, "core-misconfigured"),
        (core.Busy(429, retry_after=3), 503, "temporarily-unavailable"),
        (core.Unreachable(), 503, "temporarily-unavailable"),
        (core.TimedOut(), 504, "core-timed-out"),
        (core.BrokenOff(), 502, "core-failed"),
    ],
)
def test_each_failure_of_the_core_has_its_answer(service, put, failure, status, slug):
    service.core.script[ACTION] = failure

    problem = assert_problem(put(), status, slug)

    assert problem["errors"][0]["actionId"] == ACTION
    if status == 400:
        assert problem["errors"][0]["errors"] == {"inputFields.0.contextActionId": ["unknown"]}


def test_what_cannot_be_read_of_an_answer_stands_beside_the_action(service, put):
    service.core.script[ACTION] = {"id": ACTION, "name": 5, "slug": "five", "order": "x", "input_fields": 7}

    response = put()

    assert response.status_code == 200
    assert list(response.get_json()) == ["action", "unreadable"]
    assert response.get_json()["unreadable"] == ["name", "order", "inputFields"]
    action = response.get_json()["action"]
    assert (action["name"], action["slug"], action["order"]) == (EXAMPLE["name"], "five", 0)
    assert [field["label"] for field in action["inputFields"]] == ["User ID", "Format"]
    IntegrationActionAnswerSchema().load(response.get_json())


def test_a_rejection_without_a_field_has_the_cores_message(service, put):
    service.core.script[ACTION] = core.Rejected(422, message="Too many actions.")

    [error] = assert_problem(put(), 400, "core-rejected")["errors"]

    assert (error["code"], error["message"]) == ("rejected", "Too many actions.")


def test_the_rate_is_five_hundred_a_minute_unless_the_key_has_its_own(service, put):
    assert put().headers["RateLimit-Policy"] == '"requests";q=500;w=60'
    service.authenticator.key = replace(service.authenticator.key, rate="2/minute", id="key:2")

    assert [put().status_code for _ in range(3)] == [200, 200, 429]
    response = put()
    assert_problem(response, 429, "quota-exceeded")
    assert response.headers["RateLimit"].startswith('"requests";r=0;t=')
    assert int(response.headers["Retry-After"]) >= 1


def test_its_outcomes_are_counted_beside_those_of_batches(service, put):
    put()
    service.core.script[ACTION] = core.NotFound(404)
    put()

    shown = service.client.get("/metrics").text

    assert 'gateway_batches_total{kind="single",status="200"} 1.0' in shown
    assert 'gateway_batches_total{kind="single",status="404"} 1.0' in shown
    assert 'gateway_items_total{code="not_found",outcome="not_applied"} 1.0' in shown


def test_other_methods_and_parameters_are_refused(service, put):
    assert_problem(put(query="?dry_run=true"), 400, "unknown-parameter")
    response = service.client.patch(f"/integrations/v1/{INTEGRATION}/actions/{ACTION}")
    assert response.status_code == 405
    assert response.headers["Allow"] == "PUT"


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
options = st.lists(
    st.fixed_dictionaries({"label": text.filter(bool), "value": text.filter(bool)}),
    min_size=1,
    max_size=3,
    unique_by=lambda option: option["value"],
)
plain_field = st.fixed_dictionaries(
    {"label": text.filter(str.strip)},
    optional={
        "type": st.sampled_from(["TEXT", "NUMBER", "BOOLEAN", "PASSWORD", "VECTOR", "OBJECT", "FILE", "ID"]),
        "description": text,
        "placeholder": st.none() | text,
        "required": st.booleans(),
        "contextActionId": st.none() | st.just(OTHER),
    },
)
select_field = st.fixed_dictionaries(
    {"label": text.filter(str.strip), "type": st.just("SELECT"), "options": options},
    optional={"allowMultiSelect": st.none() | st.booleans()},
)
bodies = st.fixed_dictionaries(
    {"name": text.filter(str.strip)},
    optional={
        "description": text,
        "code": st.none() | text,
        "inputFields": st.lists(plain_field | select_field, max_size=4),
    },
)
FIELD_DEFAULTS = {"type": "TEXT", "description": "", "placeholder": None, "required": False, "options": None, "allowMultiSelect": None, "contextActionId": None}  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(bodies)
def test_any_accepted_body_comes_back_unchanged_but_for_slugs_order_and_defaults(service, put, body):
    service.authenticator.key = replace(service.authenticator.key, rate="100000/second")
    action = put(body).get_json()["action"]

    labels = [field["label"] for field in body.get("inputFields", [])]
    expected = [
        FIELD_DEFAULTS | field | {"slug": slug, "order": order}
        for order, (field, slug) in enumerate(zip(body.get("inputFields", []), unique_slugs(labels), strict=True))
    ]
    assert action["inputFields"] == expected
    assert (action["name"], action["description"], action["code"]) == (
        body["name"],
        body.get("description", ""),
        body.get("code"),
    )


@pytest.mark.parametrize("method", ["TRACE", "LINK", "DELETE"])
def test_any_other_method_is_refused_alike(service, method):
    path = f"/integrations/v1/{INTEGRATION}/actions/{ACTION}"

    response = service.client.open(path, method=method)
    assert_problem(response, 405, "method-not-allowed")
    assert response.headers["Allow"] == "PUT"
    assert_problem(service.client.open(path, method=method, headers={"Origin": "https://x"}), 403, "browser-origin")


@pytest.mark.parametrize("code", [{}, {"code": "return 1"}, {"code": None}], ids=["kept", "set", "cleared"])
def test_from_a_core_that_answers_without_a_body_the_action_is_shown_as_it_was_sent(service, put, code):
    service.core.script[ACTION] = {}

    response = put({**EXAMPLE, **code})

    action = response.get_json()["action"]
    assert (response.status_code, action["id"], action["name"]) == (200, ACTION, EXAMPLE["name"])
    assert [field["slug"] for field in action["inputFields"]] == ["userId", "format"]
    # Only the core knows its slug, its place, and the code that it kept.
    assert {name: action[name] for name in ("slug", "order", "code") if name in action} == code
    IntegrationActionAnswerSchema().load(response.get_json())


def test_an_order_that_the_core_leaves_open_is_the_first(service, put):
    service.core.script[ACTION] = {"id": ACTION, "name": "Get User Data v2", "order": None}

    assert put().get_json()["action"]["order"] == 0


@pytest.mark.parametrize(
    ("refusal", "status", "slug", "detail"),
    [
        (core.NotFound(404), 404, "not-found", "The integration or its action was not found."),
        (core.Conflict(409), 409, "conflict", "Another action of the integration has this name."),
    ],
)
def test_a_refusal_says_what_it_means_for_an_integration(service, put, refusal, status, slug, detail):
    service.core.script[ACTION] = refusal

    assert assert_problem(put(), status, slug)["detail"] == detail
