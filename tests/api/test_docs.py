"""The OpenAPI document is valid, complete, and true to what the service does; the page needs nothing from outside."""

from __future__ import annotations

import pytest
from openapi_spec_validator import validate

from gateway.api.pages import openapi_examples
from gateway.problems import PROBLEM_TYPES
from legacy_client import errors as core
from schemas import answers
from schemas.actions import ActionUpdateSchema
from schemas.batches import BatchLoader
from schemas.integrations import load_integration_action


@pytest.fixture
def document(service):
    return service.client.get("/openapi.json").get_json()


def test_the_document_is_valid(document):
    validate(document)
    assert document["openapi"] == "3.1.0"


def test_it_names_every_route_of_the_contract(service, document):
    rules = {
        (rule.rule.replace("<integration_id>", "{integrationId}").replace("<action_id>", "{actionId}"), method.lower())
        for rule in service.app.url_map.iter_rules()
        if "other_method" not in rule.endpoint
        for method in rule.methods & {"PUT", "PATCH", "POST", "DELETE"}
    }

    assert rules == {
        (path, method) for path, item in document["paths"].items() for method in item if method != "parameters"
    }


def test_every_status_has_an_example_of_each_problem_type(document):
    shown = set()
    for path in document["paths"].values():
        for operation in (operation for method, operation in path.items() if method != "parameters"):
            for status, response in operation["responses"].items():
                assert response["headers"]["X-Request-ID"]
                for media in response["content"].values():
                    assert "example" in media or media["examples"], status
                    shown |= set(media.get("examples", {}))

    assert shown | {"no-such-page"} == set(PROBLEM_TYPES)


def test_the_examples_are_what_the_service_takes_and_gives():
    list(BatchLoader(ActionUpdateSchema(), 1000, lambda: None).items(openapi_examples.BATCH))
    load_integration_action(openapi_examples.INTEGRATION_ACTION)
    for schema, example in (
        (answers.UpdatedSchema, openapi_examples.UPDATED),
        (answers.PartlyUpdatedSchema, openapi_examples.PARTLY_UPDATED),
        (answers.IntegrationActionAnswerSchema, openapi_examples.INTEGRATION_ANSWER),
        (answers.ValidationProblemSchema, openapi_examples.problem("validation-failed")),
        *(
            (answers.BatchProblemSchema, openapi_examples.problem(slug))
            for slug in ("core-rejected", "not-found", "core-failed")
        ),
    ):
        assert schema().validate(example) == {}


def test_the_page_and_its_assets_come_from_the_service_alone(service):
    page = service.client.get("/docs")

    assert page.status_code == 200
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert "http" not in page.text.replace("http-equiv", "")
    for asset in ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png", "start.js"):
        assert service.client.get(f"/docs/{asset}").status_code == 200
    assert service.client.get("/docs/..%2fsetup.cfg").status_code == 404


def test_the_page_can_be_switched_off(make_service):
    service = make_service(docs_page="false")

    assert service.client.get("/docs").status_code == 404
    assert service.client.get("/openapi.json").status_code == 200


def test_every_header_of_an_answer_is_in_the_document(make_service, document):
    service = make_service(rate_limit="5/minute")
    service.core.script = {"1": core.Unreachable()}
    item, key = {"actionId": "1", "status": "done"}, {"Idempotency_Key": "a"}
    service.patch(item, **key)
    answers = [
        service.patch(item, Prefer="wait=5", **key),
        service.patch(item, Content_Encoding="br"),
        service.patch(item, Authorization="Bearer a, Bearer b"),
    ]

    assert [answer.status_code for answer in answers] == [503, 415, 400]
    responses = document["paths"]["/openapi/api/v1/actions"]["patch"]["responses"]
    for answer in answers:
        own = set(answer.headers.keys()) - {"Content-Type", "Content-Length"}
        assert own <= set(responses[str(answer.status_code)]["headers"])
    assert {"$ref": "#/components/schemas/BatchProblem"} in responses["503"]["content"]["application/problem+json"][
        "schema"
    ]["anyOf"]


def test_each_operation_names_the_headers_that_it_answers_with_and_no_others(document):
    of_batches = {"Accept-Patch", "Preference-Applied", "Idempotency-Replayed", "Idempotency-Resumed"}
    named = {
        path: {header for response in operation["responses"].values() for header in response["headers"]}
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in {"patch", "put"}
    }

    batches = named.pop("/openapi/api/v1/actions")
    assert of_batches < batches
    assert "Accept" not in batches
    for single in named.values():
        assert "Accept" in single
        assert not of_batches & single
