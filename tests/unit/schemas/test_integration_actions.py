"""Contract section 2, row by row of its two field tables."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.base import InvalidDocument
from schemas.integrations import load_integration_action
from tests.unit.schemas.refusals import integration_errors
from tests.unit.schemas.samples import BAD_UUIDS, PARTNER

TYPES = ["TEXT", "MULTI_LINE_TEXT", "NUMBER", "BOOLEAN", "SELECT", "PASSWORD", "VECTOR", "OBJECT", "FILE", "ID"]
OPTIONS = [{"label": "JSON", "value": "json"}, {"label": "XML", "value": "xml"}]


def load_field(**field: Any) -> Any:
    return load_integration_action({"name": "x", "inputFields": [{"label": "Format", **field}]})["inputFields"][0]


def field_errors(**field: Any) -> list[tuple[str | None, str]]:
    """Path within the field, and code, of each error."""
    errors = integration_errors({"name": "x", "inputFields": [{"label": "Format", **field}]})
    return [(path and path.removeprefix("inputFields.0."), code) for path, code in errors]


def test_the_documents_own_example_is_taken_with_its_defaults() -> None:
    body = {
        "name": "Get User Data v2",
        "description": "Reads a user.",
        "code": "return 1;",
        "inputFields": [
            {"label": "User ID", "required": True},
            {"label": "Format", "type": "SELECT", "options": OPTIONS},
        ],
    }

    assert load_integration_action(body) == {
        "name": "Get User Data v2",
        "description": "Reads a user.",
        "code": "return 1;",
        "inputFields": [
            {
                "label": "User ID",
                "type": "TEXT",
                "description": "",
                "placeholder": None,
                "required": True,
                "options": None,
                "allowMultiSelect": None,
                "contextActionId": None,
            },
            {
                "label": "Format",
                "type": "SELECT",
                "description": "",
                "placeholder": None,
                "required": False,
                "options": OPTIONS,
                "allowMultiSelect": None,
                "contextActionId": None,
            },
        ],
    }


@pytest.mark.parametrize("body", [None, 1, "x", True, [], [{"name": "x"}]])
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    assert integration_errors(body) == [(None, "invalid_type")]


class TestName:
    @pytest.mark.parametrize("name", ["x", "x" * 100, "é" * 100, "😀" * 100, " "])
    def test_has_1_to_100_characters(self, name: str) -> None:
        assert load_integration_action({"name": name})["name"] == name

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({}, "required"),
            ({"name": None}, "null_not_allowed"),
            ({"name": ""}, "too_short"),
            ({"name": "x" * 101}, "too_long"),
            ({"name": 1}, "invalid_type"),
            ({"name": ["x"]}, "invalid_type"),
        ],
    )
    def test_is_required_and_bounded(self, body: Any, code: str) -> None:
        assert integration_errors(body) == [("name", code)]


class TestDescription:
    def test_is_cleared_where_it_is_left_out(self) -> None:
        assert load_integration_action({"name": "x"})["description"] == ""

    @pytest.mark.parametrize("text", ["", "x" * 1_000])
    def test_has_at_most_1000_characters(self, text: str) -> None:
        assert load_integration_action({"name": "x", "description": text})["description"] == text

    @pytest.mark.parametrize(
        ("value", "code"), [("x" * 1_001, "too_long"), (None, "null_not_allowed"), (1, "invalid_type")]
    )
    def test_refuses_everything_else(self, value: Any, code: str) -> None:
        assert integration_errors({"name": "x", "description": value}) == [("description", code)]


class TestCode:
    def test_is_kept_where_it_is_left_out(self) -> None:
        assert "code" not in load_integration_action({"name": "x"})

    def test_is_cleared_by_null(self) -> None:
        assert load_integration_action({"name": "x", "code": None})["code"] is None

    @pytest.mark.parametrize("code", ["", "return 1;", "x" * 40_000])
    def test_has_at_most_40000_characters(self, code: str) -> None:
        assert load_integration_action({"name": "x", "code": code})["code"] == code

    @pytest.mark.parametrize(("value", "code"), [("x" * 40_001, "too_long"), (1, "invalid_type"), ({}, "invalid_type")])
    def test_refuses_everything_else(self, value: Any, code: str) -> None:
        assert integration_errors({"name": "x", "code": value}) == [("code", code)]


class TestInputFields:
    def test_are_emptied_where_they_are_left_out(self) -> None:
        assert load_integration_action({"name": "x"})["inputFields"] == []

    def test_one_default_is_not_shared_with_the_next(self) -> None:
        load_integration_action({"name": "x"})["inputFields"].append("changed")

        assert load_integration_action({"name": "x"})["inputFields"] == []

    @pytest.mark.parametrize("count", [0, 1, 100])
    def test_are_at_most_100(self, count: int) -> None:
        fields = [{"label": f"Field {number}"} for number in range(count)]

        assert len(load_integration_action({"name": "x", "inputFields": fields})["inputFields"]) == count

    @pytest.mark.parametrize(
        ("value", "field", "code"),
        [
            ([{"label": "x"}] * 101, "inputFields", "too_many"),
            (None, "inputFields", "null_not_allowed"),
            ({}, "inputFields", "invalid_type"),
            ("x", "inputFields", "invalid_type"),
            ([{"label": "x"}, 5], "inputFields.1", "invalid_type"),
            ([None], "inputFields.0", "null_not_allowed"),
            ([{"label": "x", "slug": "x"}], "inputFields.0.slug", "unknown_field"),
            ([{"label": "x", "order": 0}], "inputFields.0.order", "unknown_field"),
        ],
    )
    def test_refuse_everything_else(self, value: Any, field: str, code: str) -> None:
        assert integration_errors({"name": "x", "inputFields": value}) == [(field, code)]


@pytest.mark.parametrize("name", ["id", "slug", "order", "colour", "Name", "_schema"])
def test_any_field_not_listed_is_an_error(name: str) -> None:
    assert integration_errors({"name": "x", name: 1}) == [(name, "unknown_field")]


class TestInputField:
    @pytest.mark.parametrize("label", ["x", "x" * 100])
    def test_label_has_1_to_100_characters(self, label: str) -> None:
        assert load_field(label=label)["label"] == label

    @pytest.mark.parametrize(
        ("value", "code"),
        [("", "too_short"), ("x" * 101, "too_long"), (None, "null_not_allowed"), (1, "invalid_type")],
    )
    def test_label_refuses_everything_else(self, value: Any, code: str) -> None:
        assert field_errors(label=value) == [("label", code)]

    def test_label_is_required(self) -> None:
        assert integration_errors({"name": "x", "inputFields": [{}]}) == [("inputFields.0.label", "required")]

    @pytest.mark.parametrize("kind", [kind for kind in TYPES if kind != "SELECT"])
    def test_type_takes_each_word(self, kind: str) -> None:
        assert load_field(type=kind)["type"] == kind

    def test_type_is_text_where_it_is_left_out(self) -> None:
        assert load_field()["type"] == "TEXT"

    @pytest.mark.parametrize(
        ("value", "code"),
        [("text", "invalid_choice"), ("", "invalid_choice"), (None, "null_not_allowed"), (1, "invalid_type")],
    )
    def test_type_refuses_everything_else(self, value: Any, code: str) -> None:
        assert field_errors(type=value) == [("type", code)]

    @pytest.mark.parametrize(
        ("field", "default", "most", "null"), [("description", "", 500, False), ("placeholder", None, 200, True)]
    )
    def test_texts_have_a_default_and_a_bound(self, field: str, default: Any, most: int, null: bool) -> None:
        assert load_field()[field] == default
        assert load_field(**{field: "x" * most})[field] == "x" * most
        assert field_errors(**{field: "x" * (most + 1)}) == [(field, "too_long")]
        assert field_errors(**{field: 1}) == [(field, "invalid_type")]
        if null:
            assert load_field(**{field: None})[field] is None
        else:
            assert field_errors(**{field: None}) == [(field, "null_not_allowed")]

    @pytest.mark.parametrize("value", [True, False])
    def test_required_is_a_boolean(self, value: bool) -> None:
        assert load_field(required=value)["required"] is value

    def test_required_is_false_where_it_is_left_out(self) -> None:
        assert load_field()["required"] is False

    @pytest.mark.parametrize("value", ["true", 1, 0, "", [], {}])
    def test_required_refuses_what_only_looks_like_a_boolean(self, value: Any) -> None:
        assert field_errors(required=value) == [("required", "invalid_type")]

    def test_context_action_id_is_a_uuid_or_null(self) -> None:
        assert load_field(contextActionId=PARTNER.upper())["contextActionId"] == PARTNER
        assert load_field(contextActionId=None)["contextActionId"] is None

    @pytest.mark.parametrize("value", BAD_UUIDS, ids=repr)
    def test_context_action_id_refuses_everything_else(self, value: Any) -> None:
        code = "invalid_uuid" if isinstance(value, str) else "invalid_type"

        assert field_errors(contextActionId=value) == [("contextActionId", code)]


class TestSelect:
    def test_needs_options_or_a_context_action(self) -> None:
        assert load_field(type="SELECT", options=OPTIONS)["options"] == OPTIONS
        assert load_field(type="SELECT", contextActionId=PARTNER)["options"] is None
        assert load_field(type="SELECT", contextActionId=PARTNER, options=OPTIONS)["options"] == OPTIONS

    @pytest.mark.parametrize("options", [{}, {"options": None}, {"options": []}, {"contextActionId": None}])
    def test_with_neither_is_refused(self, options: Any) -> None:
        assert field_errors(type="SELECT", **options) == [("options", "options_needed")]

    @pytest.mark.parametrize("kind", [kind for kind in TYPES if kind != "SELECT"])
    @pytest.mark.parametrize(("field", "value"), [("options", OPTIONS), ("options", []), ("allowMultiSelect", False)])
    def test_alone_may_have_options_and_many_choices(self, kind: str, field: str, value: Any) -> None:
        assert field_errors(type=kind, **{field: value}) == [(field, "select_only")]

    def test_is_not_the_type_where_none_is_named(self) -> None:
        assert field_errors(options=OPTIONS, allowMultiSelect=True) == [
            ("options", "select_only"),
            ("allowMultiSelect", "select_only"),
        ]

    def test_null_is_as_good_as_nothing_for_every_type(self) -> None:
        assert load_field(type="TEXT", options=None, allowMultiSelect=None)["options"] is None

    @pytest.mark.parametrize("value", [True, False, None])
    def test_allow_multi_select_is_a_boolean_or_null(self, value: Any) -> None:
        assert load_field(type="SELECT", options=OPTIONS, allowMultiSelect=value)["allowMultiSelect"] is value

    @pytest.mark.parametrize("value", ["true", 1, []])
    def test_allow_multi_select_refuses_everything_else(self, value: Any) -> None:
        assert field_errors(type="SELECT", options=OPTIONS, allowMultiSelect=value) == [
            ("allowMultiSelect", "invalid_type")
        ]

    def test_values_are_unique_and_labels_need_not_be(self) -> None:
        same_label = [{"label": "A", "value": "1"}, {"label": "A", "value": "2"}]
        same_value = [{"label": "A", "value": "1"}, {"label": "B", "value": "2"}, {"label": "C", "value": "1"}]

        assert load_field(type="SELECT", options=same_label)["options"] == same_label
        assert field_errors(type="SELECT", options=same_value) == [("options.2.value", "duplicate_value")]

    @pytest.mark.parametrize(
        ("options", "field", "code"),
        [
            ("x", "options", "invalid_type"),
            ({}, "options", "invalid_type"),
            ([1], "options.0", "invalid_type"),
            ([{"label": "A"}], "options.0.value", "required"),
            ([{"value": "a"}], "options.0.label", "required"),
            ([{"label": "A", "value": 1}], "options.0.value", "invalid_type"),
            ([{"label": "A", "value": None}], "options.0.value", "null_not_allowed"),
            ([{"label": "x" * 256, "value": "a"}], "options.0.label", "too_long"),
            ([{"label": "A", "value": "x" * 256}], "options.0.value", "too_long"),
            ([{"label": "A", "value": "a", "slug": 1}], "options.0.slug", "unknown_field"),
            ([*OPTIONS, 5], "options.2", "invalid_type"),
            ([OPTIONS[0]] * 1_001, "options", "too_many"),
        ],
    )
    def test_options_are_objects_of_label_and_value(self, options: Any, field: str, code: str) -> None:
        assert field_errors(type="SELECT", options=options) == [(field, code)]


def test_all_errors_of_a_body_come_together() -> None:
    body = {"name": "", "code": 1, "x": 1, "inputFields": [{"type": "SELECT"}, {"label": 1, "type": "x"}, 3]}

    assert set(integration_errors(body)) == {
        ("name", "too_short"),
        ("code", "invalid_type"),
        ("x", "unknown_field"),
        ("inputFields.0.label", "required"),
        ("inputFields.1.label", "invalid_type"),
        ("inputFields.1.type", "invalid_choice"),
        ("inputFields.2", "invalid_type"),
    }


def test_a_hundred_errors_are_listed_and_all_are_counted() -> None:
    fields = [{"label": "x", **{f"extra{number}": 1 for number in range(3)}}] * 50

    with pytest.raises(InvalidDocument) as caught:
        load_integration_action({"name": "x", "inputFields": fields})

    assert (len(caught.value.errors), caught.value.errors_total) == (100, 150)
