"""The integration action in public and legacy words (contract sections 2 and 3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.resources.integration_actions import errors_to_public, from_legacy, to_legacy
from schemas.integrations import IntegrationActionAnswerSchema
from tests.unit.gateway.resources.test_translate import json_values

ID = "0d9f6f0e-2a41-4c58-8b1c-0f6a7c9b2222"
OTHER = "11111111-2222-4333-8444-555555555555"
SENT = {
    "name": "Get",
    "description": "Reads.",
    "code": "return 1",
    "input_fields": [
        {"label": "User ID", "type": "ID", "description": "d", "placeholder": "p", "required": True, "options": None},
        {
            "label": "Format",
            "type": "SELECT",
            "options": [{"label": "JSON", "value": "json"}],
            "allow_multi_select": True,
        },
    ],
}
FIELD = {
    "slug": "userId",
    "label": "User ID",
    "type": "ID",
    "description": "d",
    "placeholder": "p",
    "required": True,
    "order": 0,
    "options": None,
    "allowMultiSelect": None,
    "contextActionId": None,
}
SELECT = {
    "slug": "format",
    "label": "Format",
    "type": "SELECT",
    "description": "",
    "placeholder": None,
    "required": False,
    "order": 1,
    "options": [{"label": "JSON", "value": "json"}],
    "allowMultiSelect": True,
    "contextActionId": None,
}
ACTION = {
    "id": ID,
    "name": "Get",
    "slug": "get",
    "description": "Reads.",
    "code": "return 1",
    "order": 0,
    "inputFields": [FIELD, SELECT],
}
ANSWER = {"id": ID, **SENT, "slug": "get", "order": 0}


def test_an_answer_that_repeats_what_was_sent_is_shown_so():
    assert from_legacy(ID, ANSWER, SENT) == (ACTION, [])


@pytest.mark.parametrize(
    ("answer", "name", "shown"),
    [
        ({"name": 5}, "name", {}),
        ({"name": None}, "name", {}),
        ({"description": 5}, "description", {}),
        ({"code": ["x"]}, "code", {}),
        ({"order": "x"}, "order", {}),
        ({"order": True}, "order", {}),
        ({"order": -1}, "order", {}),
        ({"slug": 5}, "slug", {}),
        ({"input_fields": 7}, "inputFields", {}),
        ({"input_fields": "x"}, "inputFields", {}),
    ],
    ids=repr,
)
def test_a_field_that_cannot_be_read_is_shown_as_it_was_sent_or_its_default_and_named(answer, name, shown):
    assert from_legacy(ID, ANSWER | answer, SENT) == (ACTION | shown, [name])


@pytest.mark.parametrize(
    ("part", "name", "shown"),
    [
        ({"label": 5}, "label", {}),
        ({"label": None}, "label", {}),
        ({"type": "NOBODYS"}, "type", {}),
        ({"type": 5}, "type", {}),
        ({"description": 5}, "description", {}),
        ({"placeholder": 5}, "placeholder", {}),
        ({"required": 1}, "required", {}),
        ({"options": "x"}, "options", {}),
        ({"options": [{"label": "JSON"}]}, "options", {}),
        ({"options": [{"label": "JSON", "value": 5}]}, "options", {}),
        ({"allow_multi_select": "yes"}, "allowMultiSelect", {}),
        ({"context_action_id": "7"}, "contextActionId", {"contextActionId": None}),
        ({"slug": []}, "slug", {}),
    ],
    ids=repr,
)
def test_a_part_of_an_input_field_that_cannot_be_read_is_shown_as_it_was_sent_and_named(part, name, shown):
    fields = [SENT["input_fields"][0], {**SENT["input_fields"][1], **part}]

    action, unreadable = from_legacy(ID, ANSWER | {"input_fields": fields}, SENT)

    assert unreadable == [f"inputFields.1.{name}"]
    assert action == ACTION | {"inputFields": [FIELD, SELECT | shown]}


def test_a_field_that_was_not_sent_has_its_defaults_where_it_cannot_be_read():
    answer = {
        "name": "Get",
        "slug": "get",
        "input_fields": [{"label": "New", "type": 5, "options": 5, "required": "no"}],
    }

    action, unreadable = from_legacy(ID, answer, SENT)

    assert unreadable == ["inputFields.0.type", "inputFields.0.required", "inputFields.0.options"]
    assert action["inputFields"] == [
        FIELD
        | {"slug": "new", "label": "New", "type": "TEXT", "description": "", "placeholder": None, "required": False}
    ]


def test_an_entry_that_is_no_field_is_shown_as_it_was_sent():
    action, unreadable = from_legacy(ID, ANSWER | {"input_fields": [5, SENT["input_fields"][1]]}, SENT)

    assert (action, unreadable) == (ACTION, ["inputFields.0"])
    assert from_legacy(ID, ANSWER | {"input_fields": [5]}, SENT) == (ACTION | {"inputFields": []}, ["inputFields.0"])


def test_what_the_core_leaves_out_is_as_it_was_sent_and_null_is_the_default():
    assert from_legacy(ID, {"id": ID}, SENT) == (ACTION, [])
    nothing = {"description": None, "code": None, "order": None, "input_fields": None}
    cleared = {"description": "", "code": None, "inputFields": []}
    assert from_legacy(ID, {"name": "Get", **nothing}, SENT) == (ACTION | cleared, [])


def test_what_the_contract_does_not_name_is_not_shown():
    options = [{"label": "JSON", "value": "json", "row": 4}]
    fields = [SENT["input_fields"][0] | {"row": 5}, SENT["input_fields"][1] | {"options": options}]

    assert from_legacy(ID, ANSWER | {"input_fields": fields, "row": 6}, SENT) == (ACTION, [])


def test_a_slug_that_is_made_repeats_none_of_the_cores():
    fields = [{"label": "A"}, {"label": "a"}, {"label": "B", "slug": "a"}, {"label": "C", "slug": "a3"}]

    action, _ = from_legacy(ID, {"name": "Get", "input_fields": fields}, {})

    assert [field["slug"] for field in action["inputFields"]] == ["a2", "a4", "a", "a3"]


parts = st.dictionaries(
    st.sampled_from(
        ["slug", "label", "type", "description", "placeholder", "required", "options", "allow_multi_select"]
    ),
    json_values,
)


@given(
    st.dictionaries(st.sampled_from(["name", "slug", "description", "code", "order", "x"]), json_values),
    json_values | st.lists(parts | json_values, max_size=3),
)
def test_whatever_the_core_sends_is_shown_in_the_contracts_form(data, fields):
    action, unreadable = from_legacy(ID, data | {"input_fields": fields}, SENT)

    IntegrationActionAnswerSchema().load({"action": action, "unreadable": unreadable})
    assert len(set(unreadable)) == len(unreadable)


def test_an_integration_action_goes_to_snake_case():
    body = {
        "name": "Get User Data v2",
        "description": "",
        "inputFields": [{"label": "User ID", "type": "TEXT", "allowMultiSelect": None, "contextActionId": None}],
    }

    assert to_legacy(body) == {
        "name": "Get User Data v2",
        "description": "",
        "input_fields": [{"label": "User ID", "type": "TEXT", "allow_multi_select": None, "context_action_id": None}],
    }


def test_an_integration_action_comes_back_with_exactly_the_contracts_keys_in_order():
    public = from_legacy(
        "a",
        {
            "id": "a",
            "name": "Get User Data v2",
            "slug": "getUserData",
            "input_fields": [{"label": "User ID", "required": True}],
        },
        {},
    ).action

    assert list(public) == ["id", "name", "slug", "description", "code", "order", "inputFields"]
    assert public["slug"] == "getUserData"
    assert list(public["inputFields"][0].items()) == [
        ("slug", "userId"),
        ("label", "User ID"),
        ("type", "TEXT"),
        ("description", ""),
        ("placeholder", None),
        ("required", True),
        ("order", 0),
        ("options", None),
        ("allowMultiSelect", None),
        ("contextActionId", None),
    ]


def test_messages_about_input_fields_are_renamed_part_by_part():
    assert errors_to_public({"input_fields.0.context_action_id": ["unknown"]}) == {
        "inputFields.0.contextActionId": ["unknown"]
    }
