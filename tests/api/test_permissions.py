"""Who may use one resource, and not another, finds it at the paths that all resources share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.api.routes import RESOURCES
from gateway.auth.scopes import INTEGRATION_API
from gateway.wiring.app import create_app
from tests.doubles.service import assert_problem
from tests.e2e.documents.resource import documents

DOCUMENTS, ACTIONS = "/openapi/api/v1/documents", "/openapi/api/v1/actions"
SHARED = "/openapi/api/v1"
KEY, TOKEN = "Bearer key_1", "Bearer good"


def documents_of_keys(*given):
    return replace(documents(*given), permission=INTEGRATION_API)


@pytest.fixture
def call(make_service):
    service = make_service(core_auth="none")
    service.backends.jobs.chunks.beat("a worker")
    client = create_app(service.settings, service.backends, (*RESOURCES, documents_of_keys)).test_client()

    def call(method, path, authorization, document=None, **headers):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.open(path, method=method, json=document, headers={"Authorization": authorization, **sent})

    return call


def sent(id_name, item_id, **fields):
    return {"data": [{id_name: item_id, **fields}]}


@pytest.mark.parametrize(("authorization", "shown"), [(KEY, ["documents"]), (TOKEN, ["actions"])])
def test_limits_are_shown_of_the_resources_that_a_caller_may_update(call, authorization, shown):
    assert list(call("GET", f"{SHARED}/limits", authorization).get_json()) == shown


def test_a_batch_is_looked_up_by_who_may_send_it(call):
    document = sent("documentId", "0" * 8 + "-0000-4000-8000-" + "0" * 12, name="Lease")
    assert call("PATCH", DOCUMENTS, KEY, document, Idempotency_Key="k1").status_code == 200
    assert call("PATCH", ACTIONS, TOKEN, sent("actionId", "1", status="done"), Idempotency_Key="k1").status_code == 200

    assert call("GET", f"{SHARED}/batches/k1", KEY).get_json()["status"] == 200
    assert call("GET", f"{SHARED}/batches/k1", TOKEN).get_json()["status"] == 200


def test_a_job_is_made_of_a_resource_that_its_caller_may_update(call):
    made = call("POST", f"{SHARED}/jobs", KEY, {"resource": "documents"})

    assert (made.status_code, made.get_json()["resource"]) == (201, "documents")
    assert call("GET", f"{SHARED}/jobs/{made.get_json()['id']}", KEY).status_code == 200
    assert call("GET", f"{SHARED}/jobs", KEY).status_code == 200


def test_a_job_of_another_resource_is_refused(call):
    assert_problem(call("POST", f"{SHARED}/jobs", KEY, {"resource": "actions"}), 401, "invalid-token")
    assert_problem(call("POST", f"{SHARED}/jobs", TOKEN, {"resource": "documents"}), 401, "invalid-token")


def test_the_openapi_document_says_so(call):
    paths = call("GET", "/openapi.json", TOKEN).get_json()["paths"]

    ways = {
        path: {name for one in operations["get"]["security"] for name in one}
        for path, operations in paths.items()
        if "get" in operations
    }
    assert ways[f"{SHARED}/limits"] == {"keycloak", "apiKey"}
    assert ways[f"{SHARED}/jobs"] == {"keycloak", "apiKey"}
