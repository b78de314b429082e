"""Public and legacy words, both ways (contract section 3)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.resources.translate import (
    ActionTranslation,
    integration_action_from_legacy,
    integration_action_to_legacy,
    integration_errors_to_public,
    unix_seconds,
)

TRANSLATION = ActionTranslation(("en", "fr"))
PUBLIC = {
    "actionId": "19353",
    "category_action": "validation",
    "type_action": "link",
    "status": "active",
    "title": {"en": "Leave approval", "fr": "Validation de congé"},
    "subtitle": {"en": "a"},
    "details": {"fr": "b"},
    "partner_ids": ["8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00", "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a01"],
    "effective_date": "2024-01-10 06:51:15",
    "due_date": "1969-12-31 23:59:59",
    "expires_at": "9999-12-31 23:59:59",
}
LEGACY = {
    "category": "VALIDATION",
    "type": "LINK",
    "state": 2,
    "title_en": "Leave approval",
    "title_fr": "Validation de congé",
    "subtitle_en": "a",
    "details_fr": "b",
    "partners": "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00,8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a01",
    "effective_at": 1704869475,
    "due_at": -1,
    "expires_at": 253402300799,
}


def test_an_item_becomes_the_cores_fields():
    assert TRANSLATION.to_legacy(PUBLIC) == LEGACY


def test_the_cores_action_becomes_public_again():
    assert TRANSLATION.from_legacy("19353", {"id": 19353, **LEGACY, "author": 7}) == PUBLIC | {"author_id": 7}


@pytest.mark.parametrize(
    ("status", "state"),
    [("draft", 0), ("pending", 1), ("active", 2), ("approved", 3), ("done", 4), ("inactive", 9)],
)
def test_each_status_has_its_state(status, state):
    assert TRANSLATION.to_legacy({"actionId": "1", "status": status}) == {"state": state}
    assert TRANSLATION.from_legacy("1", {"state": state})["status"] == status


def test_null_clears_every_language_and_the_times():
    cleared = TRANSLATION.to_legacy({"actionId": "1", "subtitle": None, "due_date": None})

    assert cleared == {"subtitle_en": None, "subtitle_fr": None, "due_at": None}


def test_cleared_values_come_back_as_null():
    public = TRANSLATION.from_legacy("1", {"subtitle_en": None, "subtitle_fr": None, "due_at": None, "partners": None})

    assert public == {"actionId": "1", "subtitle": None, "due_date": None, "partner_ids": []}


@pytest.mark.parametrize("languages", [{"title_en": None, "title_fr": "x"}, {"title_fr": "x", "title_en": None}])
def test_a_language_that_is_missing_is_left_out(languages):
    assert TRANSLATION.from_legacy("1", languages)["title"] == {"fr": "x"}


def test_fields_that_the_contract_does_not_name_are_left_out():
    assert TRANSLATION.from_legacy("1", {"id": 1, "row_version": 4}) == {"actionId": "1"}


@pytest.mark.parametrize("data", [{"state": 77}, {"due_at": "soon"}, {"partners": 5}, {"state": []}, {"due_at": 1e300}])
def test_a_value_that_the_core_may_not_send_raises(data):
    with pytest.raises((KeyError, TypeError, ValueError, OverflowError, AttributeError)):
        TRANSLATION.from_legacy("1", data)


def test_the_cores_messages_are_keyed_by_public_names():
    errors = {"due_at": ["in the past"], "title_fr": ["too plain"], "row_version": ["odd"], "checksum": ["bad"]}

    assert TRANSLATION.errors_to_public(errors) == {
        "due_date": ["in the past"],
        "title.fr": ["too plain"],
        "other": ["odd", "bad"],
    }


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001 -- the contract's dates carry no zone
def test_every_date_survives_the_way_there_and_back(moment):
    text = moment.replace(microsecond=0).isoformat(sep=" ")

    assert unix_seconds(text) == int(moment.replace(microsecond=0, tzinfo=UTC).timestamp())
    assert TRANSLATION.from_legacy("1", {"due_at": unix_seconds(text)})["due_date"] == text


def test_an_integration_action_goes_to_snake_case():
    body = {
        "name": "Get User Data v2",
        "description": "",
        "inputFields": [{"label": "User ID", "type": "TEXT", "allowMultiSelect": None, "contextActionId": None}],
    }

    assert integration_action_to_legacy(body) == {
        "name": "Get User Data v2",
        "description": "",
        "input_fields": [{"label": "User ID", "type": "TEXT", "allow_multi_select": None, "context_action_id": None}],
    }


def test_an_integration_action_comes_back_with_exactly_the_contracts_keys_in_order():
    public = integration_action_from_legacy(
        "a",
        {
            "id": "a",
            "name": "Get User Data v2",
            "slug": "getUserData",
            "input_fields": [{"label": "User ID", "required": True}],
        },
    )

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
    assert integration_errors_to_public({"input_fields.0.context_action_id": ["unknown"]}) == {
        "inputFields.0.contextActionId": ["unknown"]
    }
