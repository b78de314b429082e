"""The OpenAPI document is valid, complete, and true to what the service does; the page needs nothing from outside."""

from __future__ import annotations

import json

import pytest
from openapi_spec_validator import validate

from gateway.api.pages.openapi import batches_operation, examples, integration_operation, limits_operation
from gateway.api.route import Route
from gateway.problems import PROBLEM_TYPES
from gateway.resources.actions import actions
from legacy_client import errors as core
from schemas.answers import limits_schema
from schemas.integrations import IntegrationActionAnswerSchema, load_integration_action
from tests import exact
from tests.doubles.job_partner import Partner


@pytest.fixture
def document(service):
    return service.client.get("/openapi.json").get_json()


def operation_of(document, operation_id):
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    [found] = [operation for operation in operations if operation["operationId"] == operation_id]
    return found


def responses_of(document, operation):
    named = document["components"]["responses"]
    return {status: named[response["$ref"].rpartition("/")[2]] for status, response in operation["responses"].items()}


def test_the_document_is_valid(document):
    validate(document)
    assert document["openapi"] == "3.1.0"


def test_it_names_every_route_of_the_contract_once(service, document):
    rules = {
        (Route("", (rule.rule,), frozenset()).paths[0], method.lower())
        for rule in service.app.url_map.iter_rules()
        if "other_method" not in rule.endpoint and not rule.rule.startswith("/api/public/")
        for method in rule.methods & {"PUT", "PATCH", "POST", "DELETE", *({"GET"} if "/v1/" in rule.rule else {})}
    }

    assert rules == {
        (path, method) for path, item in document["paths"].items() for method in item if method != "parameters"
    }
    assert "`/api/public`" in operation_of(document, "replaceIntegrationAction")["description"]


def test_every_status_has_an_example_of_each_problem_type(document):
    shown = set()
    for path in document["paths"].values():
        for operation in (operation for method, operation in path.items() if method != "parameters"):
            for status, response in responses_of(document, operation).items():
                assert response["headers"]["X-Request-ID"]
                for media_type, media in response["content"].items():
                    assert media["examples"], status
                    shown |= set(media["examples"]) if media_type == "application/problem+json" else set()

    assert shown | {"no-such-page"} == set(PROBLEM_TYPES)


def test_the_examples_are_what_the_service_takes_and_gives():
    resource = actions(("en", "fr"), 1000, lambda: None)
    batch = examples.of_batch(resource)
    list(resource.items(batch.sent))
    load_integration_action(integration_operation.SENT)
    for schema, example in (
        (exact.UpdatedSchema, batch.updated),
        (exact.PartlyUpdatedSchema, batch.partly_updated),
        (exact.DryRunSchema, batch.dry_run),
        (IntegrationActionAnswerSchema, integration_operation.REPLACED),
        (
            lambda: dict(batches_operation.schemas([resource], [exact.ItemErrorSchema]))["KeptBatch"],
            batches_operation.operation([resource]).successes[200].examples["kept"],
        ),
        (limits_schema([resource.plural]), limits_operation.operation([resource]).successes[200].examples["limits"]),
        (exact.ValidationProblemSchema, examples.problem("validation-failed", resource)),
        *(
            (exact.BatchProblemSchema, examples.problem(slug, resource))
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
    responses = responses_of(document, operation_of(document, "updateActions"))
    for answer in answers:
        own = set(answer.headers.keys()) - {"Content-Type", "Content-Length"}
        assert own <= set(responses[str(answer.status_code)]["headers"])


def test_a_batch_that_is_handed_over_is_answered_as_the_document_says(make_service, document):
    service = make_service(core_auth="none")
    service.backends.jobs.chunks.beat("w")
    item, wish = {"actionId": "1", "status": "done"}, {"Prefer": "respond-async", "Idempotency_Key": "a"}
    answers = [service.patch(item, **wish), service.patch(item, **wish)]

    response = responses_of(document, operation_of(document, "updateActions"))["202"]
    sent = {name for answer in answers for name, _ in answer.headers} - {"Content-Type", "Content-Length"}
    assert [answer.status_code for answer in answers] == [202, 202]
    assert sent - {"Cache-Control"} <= set(response["headers"])
    [example] = response["content"]["application/json"]["examples"].values()
    assert set(answers[0].get_json()) == set(example["value"])


def test_each_operation_names_the_headers_that_it_answers_with_and_no_others(document):
    of_batches = {
        "Accept-Patch",
        "Preference-Applied",
        "Idempotency-Replayed",
        "Idempotency-Resumed",
        "Idempotency-Kept",
    }
    named = [
        (method, {header for response in responses_of(document, operation).values() for header in response["headers"]})
        for item in document["paths"].values()
        for method, operation in item.items()
        if "requestBody" in operation
    ]

    assert {method for method, _ in named} == {"patch", "put", "post"}
    for method, headers in named:
        assert headers & of_batches == (of_batches if method == "patch" else set())
        assert ("Accept" in headers) == (method != "patch")


def test_a_part_of_a_job_may_be_lines_which_the_service_takes(document, make_service):
    content = operation_of(document, "putJobPart")["requestBody"]["content"]
    partner = Partner(make_service(core_auth="none"))

    lines = content["application/x-ndjson"]["example"]
    sent = {"body": lines.encode(), "Content_Type": "application/x-ndjson"}

    assert content["application/x-ndjson"]["schema"]["type"] == "string"
    assert [json.loads(line) for line in lines.splitlines()] == content["application/json"]["example"]["data"]
    assert partner.send("PUT", f"/{partner.made()}/parts/1", **sent).status_code == 204


def test_a_batch_is_answered_with_one_schema_and_an_error_with_another(document):
    schemas = {
        status: media["schema"]["$ref"].rpartition("/")[2]
        for status, response in responses_of(document, operation_of(document, "updateActions")).items()
        for name, media in response["content"].items()
        if name != "application/x-ndjson"
    }

    assert schemas.pop("202") == "Job"
    assert (schemas.pop("200"), schemas.pop("207")) == ("ActionBatchAnswer", "ActionBatchAnswer")
    assert set(schemas.values()) == {"Problem"}
    assert document["components"]["schemas"]["ActionBatchAnswer"]["required"] == ["data"]


def test_a_stream_is_shown_line_by_line_as_the_service_gives_it(document, service):
    content = responses_of(document, operation_of(document, "updateActions"))["200"]["content"]["application/x-ndjson"]
    shown = [json.loads(line) for line in content["examples"]["stream"]["value"].splitlines()]
    batch = operation_of(document, "updateActions")["requestBody"]["content"]["application/json"]["example"]["data"]
    service.core.script = {
        "19353": {
            "id": 19353,
            "state": 2,
            "title_en": "Leave approval",
            "title_fr": "Validation de congé",
            "due_at": 1704869475,
            "author": "c8951314-058c-5711-aaf1-00a842bc7678",
        },
        shown[-2]["error"]["actionId"]: core.NotFound(404),
    }

    answer = service.patch(*batch, Accept="application/x-ndjson", X_Request_ID=shown[0]["request_id"])
    told = [json.loads(line) for line in answer.text.splitlines()]
    answer.close()

    assert content["schema"]["type"] == "string"
    assert [told[0], *sorted(told[1:-1], key=lambda line: line["index"]), told[-1]] == shown


def test_nothing_is_the_union_of_one_or_left_without_a_name(document):
    seen = list(walk(document))

    for schema in seen:
        assert len(schema.get("anyOf", [1, 2])) > 1
        assert "oneOf" not in schema
        assert schema.get("format") != "url"
    for name, component in document["components"]["schemas"].items():
        for field, schema in component.get("properties", {}).items():
            assert "properties" not in schema, f"{name}.{field}"
            assert "enum" not in schema, f"{name}.{field}"


def walk(value):
    """Each object of the document, but not what examples show."""
    if isinstance(value, dict):
        yield value
        for name, inner in value.items():
            if name not in {"example", "examples"}:
                yield from walk(inner)
    if isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def test_every_operation_has_a_tag_that_is_described(document):
    tags = {tag["name"]: tag["description"] for tag in document["tags"]}

    for item in document["paths"].values():
        for operation in item.values():
            [tag] = operation["tags"]
            assert tags[tag]


def test_the_problems_of_an_operation_are_those_of_the_table_that_can_come_there(document):
    shown = {
        name: {
            slug
            for response in responses_of(document, operation_of(document, name)).values()
            for slug in response["content"].get("application/problem+json", {}).get("examples", {})
        }
        for name in ("updateActions", "replaceIntegrationAction")
    }

    assert shown["updateActions"] - shown["replaceIntegrationAction"] == {
        "in-progress",
        "batch-too-large",
        "idempotency-key-reused",
        "jobs-unavailable",
        "job-not-found",
        "job-too-large",
        "too-many-jobs",
    }
    assert shown["replaceIntegrationAction"] - shown["updateActions"] == {
        "browser-origin",
        "integration-not-granted",
        "conflict",
    }


def test_the_example_of_a_missing_action_says_that_its_integration_may_be_missing(service):
    document = service.client.get("/openapi.json").get_json()
    put = document["paths"]["/integrations/v1/{integrationId}/actions/{actionId}"]["put"]
    missing = document["components"]["responses"][put["responses"]["404"]["$ref"].rpartition("/")[2]]

    example = missing["content"]["application/problem+json"]["examples"]["not-found"]["value"]
    assert example["detail"] == example["errors"][0]["detail"] == "The integration or its action was not found."
    assert example["errors"][0]["index"] is None
