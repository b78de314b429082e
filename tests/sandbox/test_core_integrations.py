"""The core's PUT of an integration action."""

from __future__ import annotations

import orjson
import pytest

from sandbox.core.seed import identifier, integrations

CRM, TICKET, INVOICES = identifier("CRM"), identifier("CRM/Create Ticket"), identifier("CRM/List Invoices")
PAYROLL, SALARY = identifier("Payroll"), identifier("Payroll/Pay Salary")
FIELD = {
    "label": "Format",
    "type": "SELECT",
    "description": "",
    "placeholder": None,
    "required": False,
    "options": [{"label": "PDF", "value": "pdf"}, {"label": "CSV", "value": "csv"}],
    "allow_multi_select": None,
    "context_action_id": None,
}


def put(core, body, integration=CRM, action=TICKET, **headers):
    return core.call("PUT", f"/integrations/{integration}/actions/{action}", body, **headers)


def test_the_ids_are_the_same_on_every_machine():
    assert CRM == "f20a1994-520c-573a-b89e-f83b3530cc3e"


def test_a_put_replaces_the_action_and_keeps_its_slug_and_order(core):
    body = {"name": "Open Ticket", "description": "New.", "code": "x", "input_fields": [FIELD]}

    answer = put(core, body)

    assert answer.status == 200
    assert orjson.loads(answer.body) == {
        "data": {
            "id": TICKET,
            "name": "Open Ticket",
            "slug": "createTicket",
            "description": "New.",
            "code": "x",
            "order": 1,
            "input_fields": [FIELD],
        }
    }
    assert core.data(f"/integrations/{CRM}/actions/{TICKET}") == orjson.loads(answer.body)["data"]


def test_what_is_left_out_is_emptied_but_code_is_kept(core):
    before = core.data(f"/integrations/{CRM}/actions/{TICKET}")

    put(core, {"name": "Create Ticket"})

    assert core.data(f"/integrations/{CRM}/actions/{TICKET}") == before | {"description": "", "input_fields": []}


def test_null_clears_the_code(core):
    put(core, {"name": "Create Ticket", "code": None})

    assert core.data(f"/integrations/{CRM}/actions/{TICKET}")["code"] is None


def test_a_name_taken_in_the_same_integration_is_a_conflict_and_changes_nothing(core):
    before = core.data(f"/integrations/{CRM}/actions/{TICKET}")

    answer = put(core, {"name": "List Invoices", "description": "New."}, idempotency_key="k")

    assert answer.status == 409
    assert core.data(f"/integrations/{CRM}/actions/{TICKET}") == before
    assert core.counts()["applied"] == 0


def test_a_name_taken_in_another_integration_is_free(core):
    assert put(core, {"name": "Send Message"}).status == 200


def test_the_forbidden_integration_is_a_403(core):
    assert put(core, {"name": "x"}, PAYROLL, SALARY).status == 403


@pytest.mark.parametrize(("integration", "action"), [(identifier("nothing"), TICKET), (CRM, SALARY), (CRM, CRM)])
def test_what_is_not_there_is_a_404(core, integration, action):
    assert put(core, {"name": "x"}, integration, action).status == 404


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, "name", "This field is required."),
        ({"name": ""}, "name", "Must have 1 to 100 characters."),
        ({"name": "x", "inputFields": []}, "inputFields", "Unknown field."),
        ({"name": "x", "code": 1}, "code", "Must be a string."),
        ({"name": "x", "input_fields": {}}, "input_fields", "Must be a list."),
        ({"name": "x", "input_fields": ["y"]}, "input_fields", "0: Must be an object."),
        ({"name": "x", "input_fields": [{}]}, "input_fields", "0.label: This field is required."),
        ({"name": "x", "input_fields": [FIELD, FIELD | {"type": "DATE"}]}, "input_fields", "1.type: Must be one of: "),
        ({"name": "x", "input_fields": [FIELD | {"slug": "f"}]}, "input_fields", "0.slug: Unknown field."),
        ({"name": "x", "input_fields": [FIELD | {"required": 1}]}, "input_fields", "0.required: Must be a boolean."),
        ({"name": "x", "input_fields": [FIELD | {"options": [{}]}]}, "input_fields", "0.options: Each option has"),
        (
            {"name": "x", "input_fields": [FIELD | {"options": FIELD["options"] * 2}]},
            "input_fields",
            "0.options: Values must be unique.",
        ),
    ],
)
def test_a_wrong_body_is_rejected_by_field(core, body, field, message):
    answer = put(core, body)

    assert answer.status == 422
    (text,) = orjson.loads(answer.body)["errors"][field]
    assert text.startswith(message)


def test_a_repeated_key_is_applied_once(core):
    first = put(core, {"name": "A"}, idempotency_key="k")
    put(core, {"name": "B"}, idempotency_key="l")

    assert put(core, {"name": "A"}, idempotency_key="k").body == first.body
    assert core.data(f"/integrations/{CRM}/actions/{TICKET}")["name"] == "B"


def test_every_seeded_integration_but_the_forbidden_one_has_two_actions_or_more():
    assert all(len(integration.actions) >= 2 for integration in integrations() if not integration.is_forbidden)
