"""A second bulk resource goes through the whole service: real gunicorn, the sandbox's core, the identity provider.

It is made of two files and two lines: ``schema.py``, ``resource.py``, one entry in ``wsgi.py``, one in ``core.py``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from prometheus_client.parser import text_string_to_metric_families

from sandbox.core.seed import identifier
from sandbox.stack import Stack
from sandbox.web import call
from tests.e2e.documents.core import IDS, POSTER
from tests.e2e.documents.resource import documents
from tests.e2e.stack import CoreView, Partner
from tests.faults.house import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.web import Reply

pytestmark = pytest.mark.e2e
PATH = "/openapi/api/v1/documents"
UNKNOWN = "11111111-1111-4111-8111-111111111111"
SETTINGS = {"CIRCUIT_ENABLED": "false", "RETRY_BUDGET": "1", "RETRY_BUDGET_FLOOR": "1000"}


class Documents:
    """A partner who updates documents."""

    def __init__(self, stack: Stack, client: str = "partner") -> None:
        self.stack = stack
        self.core = CoreView(stack)
        self._partner = Partner(stack, client)

    def patch(self, *items: dict[str, Any], query: str = "", **headers: str) -> Reply:
        return self._partner.call("PATCH", PATH + query, {"data": list(items)}, **headers)

    def script(self, faults: dict[str, list[str]]) -> None:
        self.stack.core.control("PUT", "faults", faults)

    def row(self, row_id: str) -> Any:
        headers = {"authorization": "Bearer any"}
        return call("GET", f"{self.stack.core.url}/documents/{row_id}", headers=headers).json()["data"]

    def openapi(self) -> Any:
        return call("GET", f"{self.stack.gateway.url}/openapi.json").json()

    def errors_in(self, body: object, component: str) -> list[str]:
        """What of a body is not as the OpenAPI document says."""
        document = {"$ref": f"#/components/schemas/{component}", "components": self.openapi()["components"]}
        return [error.message for error in Draft202012Validator(document).iter_errors(body)]

    def requests(self, status: int) -> float:
        wanted = {"route": PATH, "method": "PATCH", "status": str(status)}
        families = text_string_to_metric_families(call("GET", f"{self.stack.gateway.url}/metrics").body.decode())
        samples = (sample for family in families for sample in family.samples)
        [found] = [one.value for one in samples if one.name == "gateway_requests_total" and one.labels == wanted]
        return found

    def log(self, request_id: str) -> list[dict[str, Any]]:
        """Its lines, up to the one that is written when the answer has left."""
        return eventually(lambda: self._ended(request_id))

    def _ended(self, request_id: str) -> list[dict[str, Any]]:
        text = self.stack.gateway.log.read_text()
        lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
        own = [line for line in lines if line.get("request_id") == request_id]
        return own if any(line["event"] == "request_ended" for line in own) else []


@pytest.fixture(scope="module")
def running() -> Iterator[Stack]:
    with Stack(
        SETTINGS, core=["--collections", "tests.e2e.documents.core:COLLECTIONS"], app="tests.e2e.documents.wsgi:app"
    ) as stack:
        yield stack


@pytest.fixture
def service(running: Stack) -> Documents:
    running.core.control("POST", "reset")
    running.identity.control("POST", "reset")
    return Documents(running)


def test_a_batch_is_checked_translated_sent_and_answered_in_public_words(service: Documents) -> None:
    reader = identifier("another reader")
    reply = service.patch(
        {"documentId": IDS[0].upper(), "name": "Lease", "kind": "contract", "archived": True, "reader_ids": [reader]},
        {"documentId": IDS[1], "signed_at": None, "title": {"fr": "Bail"}, "priority": 1},
    )

    assert reply.status == 200
    assert reply.json() == {
        "data": [
            {
                "documentId": IDS[0],
                "name": "Lease",
                "title": {"en": "Draft", "fr": "Brouillon"},
                "kind": "contract",
                "priority": 3,
                "archived": True,
                "reader_ids": [reader],
                "signed_at": "2024-01-01 00:00:00",
                "pages": 3,
            },
            {
                "documentId": IDS[1],
                "name": "Untitled",
                "title": {"en": "Draft", "fr": "Bail"},
                "kind": "letter",
                "priority": 1,
                "archived": False,
                "reader_ids": [identifier("reader")],
                "signed_at": None,
                "pages": 3,
            },
        ]
    }
    assert service.errors_in(reply.json(), "DocumentBatchAnswer") == []
    assert {entry["path"]: entry["body"] for entry in service.core.journal()} == {
        f"/documents/{IDS[0]}": {"label": "Lease", "kind": "CONTRACT", "is_archived": "yes", "readers": reader},
        f"/documents/{IDS[1]}": {"signed": None, "title_fr": "Bail", "priority": 1},
    }
    assert service.row(IDS[0])["label"] == "Lease"


def test_what_the_core_sends_and_the_contract_does_not_know_is_named(service: Documents) -> None:
    reply = service.patch({"documentId": POSTER, "name": "Autumn"})

    assert reply.json()["data"] == [
        {
            "documentId": POSTER,
            "name": "Autumn",
            "title": {"en": "Draft", "fr": "Brouillon"},
            "priority": 3,
            "archived": False,
            "reader_ids": [identifier("reader")],
            "signed_at": "2024-01-01 00:00:00",
            "pages": 3,
            "unreadable": ["kind"],
        }
    ]


def test_one_invalid_item_refuses_the_whole_batch_and_every_error_names_its_document(service: Documents) -> None:
    reply = service.patch(
        {"documentId": IDS[0], "name": "Lease"},
        {"documentId": IDS[1], "kind": "novel"},
        {"documentId": "19353", "name": "x"},
        {"documentId": IDS[0].upper(), "archived": "yes"},
        {"documentId": IDS[2]},
        {"documentId": IDS[3], "actionId": "1", "pages": 4},
        {"documentId": IDS[4], "title": {"de": "Miete"}, "priority": 6},
    )

    assert reply.status == 400
    problem = reply.json()
    assert problem["type"].endswith("/problems/validation-failed")
    assert problem["detail"] == "6 of 7 documents are invalid; nothing was sent to the core."
    told = [(one["index"], one["documentId"], one["field"], one["code"]) for one in problem["errors"]]
    assert sorted(told, key=lambda one: (one[0], str(one[2]))) == [
        (1, IDS[1], "kind", "invalid_choice"),
        (2, None, "documentId", "invalid_uuid"),
        (3, IDS[0], "archived", "invalid_type"),
        (3, IDS[0], "documentId", "duplicate_value"),
        (4, IDS[2], None, "nothing_to_update"),
        (5, IDS[3], "actionId", "unknown_field"),
        (5, IDS[3], "pages", "read_only"),
        (6, IDS[4], "priority", "out_of_range"),
        (6, IDS[4], "title.de", "unknown_language"),
    ]
    assert "Must differ from the documentId of item 0: name each document once." in {
        one["detail"] for one in problem["errors"]
    }
    assert service.errors_in(problem, "Problem") == []
    assert service.core.counts()["total"] == 0


def test_a_batch_of_none_says_what_it_wants(service: Documents) -> None:
    problem = service.patch().json()

    assert problem["detail"] == "The request is not a batch of documents; nothing was sent to the core."
    assert [one["detail"] for one in problem["errors"]] == ["Must be an array of at least one document."]


def test_a_partial_failure_tells_each_document_apart(service: Documents) -> None:
    service.script({IDS[3]: ["409"], IDS[4]: ["204"]})
    reply = service.patch(
        {"documentId": IDS[0], "name": "Lease"},
        {"documentId": UNKNOWN, "name": "Lease"},
        {"documentId": IDS[2], "name": "L" * 60},
        {"documentId": IDS[3], "name": "Lease"},
        {"documentId": IDS[4], "kind": "invoice"},
    )

    assert reply.status == 207
    answer = reply.json()
    assert [one["documentId"] for one in answer["data"]] == [IDS[0], IDS[4]]
    assert answer["data"][1] == {"documentId": IDS[4], "kind": "invoice"}
    assert [(one["index"], one["documentId"], one["status"], one["code"]) for one in answer["errors"]] == [
        (1, UNKNOWN, 404, "not_found"),
        (2, IDS[2], 422, "rejected"),
        (3, IDS[3], 409, "conflict"),
    ]
    assert answer["errors"][0]["detail"] == f"Document {UNKNOWN} was not found."
    assert answer["errors"][1]["errors"] == {"name": ["Must have 1 to 50 characters."]}
    assert service.errors_in(answer, "DocumentBatchAnswer") == []


@pytest.mark.parametrize(
    ("faults", "status", "slug", "detail"),
    [
        (["404"], 404, "not-found", "The document was not found."),
        (["409"], 400, "core-rejected", "The document was not updated: the core refused it."),
        (["503"] * 9, 503, "temporarily-unavailable", "The document was not updated; read its outcome."),
        (["garbage"] * 9, 502, "core-failed", "It is not known whether the document was updated; read its outcome."),
        (["wrong-id"] * 9, 502, "core-failed", "It is not known whether the document was updated; read its outcome."),
    ],
)
def test_a_batch_without_any_success_has_the_status_of_its_worst_item(
    service: Documents, faults: list[str], status: int, slug: str, detail: str
) -> None:
    service.script({IDS[0]: faults})
    reply = service.patch({"documentId": IDS[0], "name": "Lease"}, Prefer="wait=2")

    assert reply.status == status
    assert reply.json()["type"].endswith(f"/problems/{slug}")
    assert reply.json()["detail"] == detail
    assert [one["documentId"] for one in reply.json()["errors"]] == [IDS[0]]
    assert service.errors_in(reply.json(), "Problem") == []


def test_a_repeat_of_what_is_final_replays_and_sends_nothing(service: Documents) -> None:
    items = [{"documentId": IDS[0], "name": "Lease"}, {"documentId": UNKNOWN, "name": "Lease"}]
    first = service.patch(*items, idempotency_key="documents-1")
    sent = service.core.counts()["total"]

    again = service.patch(*items, idempotency_key="documents-1")

    assert (first.status, again.status) == (207, 207)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert service.core.counts()["total"] == sent


def test_a_repeat_of_what_is_not_final_completes_it_alone(service: Documents) -> None:
    items = [{"documentId": row_id, "name": "Lease"} for row_id in IDS[:3]]
    service.script({IDS[1]: ["503"] * 9})
    first = service.patch(*items, idempotency_key="documents-2", Prefer="wait=2")
    service.stack.core.control("POST", "reset")

    again = service.patch(*items, idempotency_key="documents-2")

    assert (first.status, again.status) == (207, 200)
    assert [(one["documentId"], one["code"]) for one in first.json()["errors"]] == [(IDS[1], "core_busy")]
    assert again.headers["idempotency-resumed"] == "1"
    assert [one["documentId"] for one in again.json()["data"]] == IDS[:3]
    assert [entry["path"] for entry in service.core.journal()] == [f"/documents/{IDS[1]}"]


def test_a_key_used_for_another_resource_is_another_request(service: Documents) -> None:
    service.patch({"documentId": IDS[0], "name": "Lease"}, idempotency_key="documents-3")
    partner = Partner(service.stack)

    reused = partner.patch({"actionId": "19000", "status": "done"}, idempotency_key="documents-3")

    assert (reused.status, reused.json()["type"].rpartition("/")[2]) == (422, "idempotency-key-reused")


def test_a_dry_run_validates_and_sends_nothing(service: Documents) -> None:
    items = [{"documentId": row_id, "archived": True} for row_id in IDS]

    assert service.patch(*items, query="?dry_run=true").json() == {"data": [], "validated": 20}
    assert service.patch(*items, {"documentId": "x"}, query="?dry_run=true").status == 400
    assert service.core.counts()["total"] == 0


def test_who_may_not_update_is_refused(service: Documents) -> None:
    reader = Documents(service.stack, "reader")

    assert reader.patch({"documentId": IDS[0], "name": "Lease"}).status == 403
    assert service.patch({"documentId": IDS[0], "name": "Lease"}, authorization="Bearer nonsense").status == 401
    assert service.core.counts()["total"] == 0


def test_the_openapi_document_describes_it_from_its_own_files(service: Documents) -> None:
    document = service.openapi()
    validate(document)
    operation, schemas = document["paths"][PATH]["patch"], document["components"]["schemas"]

    assert (operation["operationId"], operation["tags"], operation["summary"]) == (
        "updateDocuments",
        ["Documents"],
        "Update many documents",
    )
    assert set(operation["responses"]) == set(document["paths"]["/openapi/api/v1/actions"]["patch"]["responses"])
    assert set(schemas["DocumentUpdate"]["properties"]) == {
        "documentId", "name", "title", "kind", "priority", "archived", "reader_ids", "signed_at",
    }  # fmt: skip
    assert schemas["DocumentKind"]["enum"] == ["contract", "invoice", "letter"]
    assert "documentId" in schemas["DocumentItemError"]["required"]
    assert "actionId" not in schemas["DocumentItemError"]["properties"]
    assert "actionId" in schemas["ActionItemError"]["required"]
    assert {"actionId", "documentId"} <= set(schemas["ProblemError"]["properties"])
    shown = operation["requestBody"]["content"]["application/json"]["example"]
    assert service.errors_in(shown, "DocumentBatch") == []
    assert len(list(documents(("en", "fr"), 10, lambda: None).items(shown))) == len(shown["data"])


def test_the_examples_of_its_answers_are_such_answers(service: Documents) -> None:
    document = service.openapi()
    responses = document["paths"][PATH]["patch"]["responses"]

    for status in ("200", "207"):
        named = document["components"]["responses"][responses[status]["$ref"].rpartition("/")[2]]
        for example in named["content"]["application/json"]["examples"].values():
            assert service.errors_in(example["value"], "DocumentBatchAnswer") == []


def test_its_requests_are_counted_and_its_failures_from_the_start(service: Documents) -> None:
    before = {status: service.requests(status) for status in (200, 500, 502, 503, 504)}

    service.patch({"documentId": IDS[0], "name": "Lease"})

    assert service.requests(200) == before[200] + 1


def test_a_request_is_one_log_line_and_each_failed_document_another(service: Documents) -> None:
    service.patch(
        {"documentId": IDS[0], "name": "Lease"}, {"documentId": UNKNOWN, "name": "Lease"}, x_request_id="documents-log"
    )

    lines = service.log("documents-log")
    [told] = [line for line in lines if line["event"] == "request_ended"]
    [failed] = [line for line in lines if line["event"] == "item_failed"]
    assert (told["route"], told["status"], told["items"], told["succeeded"], told["codes"]) == (
        PATH,
        207,
        2,
        1,
        "not_found:1",
    )
    assert (failed["item_id"], failed["index"], failed["code"]) == (UNKNOWN, 1, "not_found")


def test_actions_are_served_beside_it_as_before(service: Documents) -> None:
    reply = Partner(service.stack).patch(
        {"actionId": "19000", "status": "done"}, {"actionId": "90404", "status": "done"}
    )

    assert reply.status == 207
    assert [one["actionId"] for one in reply.json()["errors"]] == ["90404"]
    assert service.errors_in(reply.json(), "ActionBatchAnswer") == []
