"""Public and legacy words, both ways (contract section 3)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.resources.core_map import read_core_map, shipped
from gateway.resources.moments import unix_seconds
from gateway.resources.translate import MappedTranslation
from legacy_client.sending.documents import UNREADABLE as UNREADABLE_VALUE
from schemas.actions import CATEGORIES, STATUSES, ActionSchema, ActionUpdateSchema

SCHEMA = ActionUpdateSchema(languages=("en", "fr"))
TRANSLATION = MappedTranslation(read_core_map(shipped(), SCHEMA).fields, "actionId", ("en", "fr"))
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


@pytest.mark.parametrize(
    ("field", "word"),
    [("status", word) for word in STATUSES]
    + [(name, word) for name in ("category_action", "type_action") for word in CATEGORIES],
)
def test_each_word_of_the_contract_goes_to_the_core_and_comes_back(field, word):
    assert TRANSLATION.from_legacy("1", TRANSLATION.to_legacy({"actionId": "1", field: word}))[field] == word


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


UNREADABLE = [
    ("status", {"state": 77}),
    ("status", {"state": True}),
    ("status", {"state": "2"}),
    ("status", {"state": 2.5}),
    ("status", {"state": []}),
    ("category_action", {"category": "SURVEY"}),
    ("type_action", {"type": 0}),
    ("type_action", {"type": {"name": "LINK"}}),
    ("due_date", {"due_at": "soon"}),
    ("due_date", {"due_at": 1704869475000}),
    ("due_date", {"due_at": True}),
    ("due_date", {"due_at": 1e300}),
    ("expires_at", {"expires_at": 1.5}),
    ("effective_date", {"effective_at": [1]}),
    ("partner_ids", {"partners": 5}),
    ("partner_ids", {"partners": " 8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00"}),
    ("partner_ids", {"partners": "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00,"}),
    ("partner_ids", {"partners": "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a0g"}),
    ("partner_ids", {"partners": "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00, 8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a01"}),
    ("partner_ids", {"partners": ["8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00"]}),
    ("partner_ids", {"partners": "é" * 36}),
    ("title.en", {"title_en": 5}),
    ("details.fr", {"details_fr": {"text": "x"}}),
    ("subtitle.en", {"subtitle_en": False}),
    ("author_id", {"author": {"id": 7}}),
    ("author_id", {"author": True}),
    ("author_id", {"author": 1.8446744073709552e19}),
]


@pytest.mark.parametrize(("name", "data"), UNREADABLE, ids=repr)
def test_a_value_that_the_core_may_not_send_is_left_out_and_named(name, data):
    assert TRANSLATION.from_legacy("1", data) == {"actionId": "1", "unreadable": [name]}


def test_what_the_client_could_not_read_is_left_out_and_named():
    public = TRANSLATION.from_legacy("1", dict.fromkeys([*LEGACY, "author"], UNREADABLE_VALUE))

    assert public == {
        "actionId": "1",
        "unreadable": [
            "category_action", "type_action", "status", "title.en", "title.fr", "subtitle.en", "details.fr",
            "partner_ids", "effective_date", "due_date", "expires_at", "author_id",
        ],
    }  # fmt: skip


def test_what_cannot_be_read_takes_nothing_else_with_it():
    data = {"title_en": "a", "title_fr": 5, "state": 5, "due_at": 0, "author": None}

    assert TRANSLATION.from_legacy("1", data) == {
        "actionId": "1",
        "title": {"en": "a"},
        "due_date": "1970-01-01 00:00:00",
        "author_id": None,
        "unreadable": ["title.fr", "status"],
    }


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ({"state": 2.0}, {"status": "active"}),
        ({"due_at": 1704869475.0}, {"due_date": "2024-01-10 06:51:15"}),
        ({"partners": ""}, {"partner_ids": []}),
        ({"partners": PUBLIC["partner_ids"][0].upper()}, {"partner_ids": [PUBLIC["partner_ids"][0].upper()]}),
        ({"author": "u-7"}, {"author_id": "u-7"}),
        ({"category": None}, {"category_action": None}),
    ],
    ids=repr,
)
def test_what_means_the_same_is_read_by_a_translation_that_read_nothing_before(data, shown):
    assert TRANSLATION.from_legacy("1", data) == {"actionId": "1"} | shown


def test_a_time_is_read_right_however_many_there_were_before():
    for seconds in range(10_000):
        assert TRANSLATION.from_legacy("1", {"due_at": seconds})["due_date"].startswith("1970-01-01 0")
    assert TRANSLATION.from_legacy("1", {"due_at": 1})["due_date"] == "1970-01-01 00:00:01"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from([*LEGACY, "title_de", "author", "id", "x"]), json_values))
def test_whatever_the_core_sends_is_shown_rightly_or_named(data):
    public = TRANSLATION.from_legacy("1", data)

    named = [name for name, value in data.items() if name in LEGACY | {"author": 0} and value is not None]
    shown = [name for name in public if name not in {"actionId", "unreadable"}]
    assert len(public.get("unreadable", [])) <= len(named)
    assert set(shown) <= {*PUBLIC, "author_id"}
    ActionSchema().load(public)


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


def test_texts_of_a_field_that_stand_apart_are_read_together():
    data = {"id": 1, "title_en": "a", "state": 2, "title_fr": "b"}
    assert TRANSLATION.from_legacy("1", data) == {
        "actionId": "1",
        "title": {"en": "a", "fr": "b"},
        "status": "active",
    }


def test_fields_come_in_the_order_in_which_the_core_names_them():
    data = {"due_at": 0, "title_fr": None, "state": 0, "title_en": "a", "author": 7}
    assert list(TRANSLATION.from_legacy("1", data).items()) == [
        ("actionId", "1"),
        ("due_date", "1970-01-01 00:00:00"),
        ("title", {"en": "a"}),
        ("status", "draft"),
        ("author_id", 7),
    ]


def test_fields_leave_in_the_order_in_which_the_partner_names_them():
    item = {"due_date": "1970-01-01 00:00:01", "title": {"fr": "b", "en": "a"}, "actionId": "1", "status": "draft"}
    assert list(TRANSLATION.to_legacy(item).items()) == [
        ("due_at", 1),
        ("title_fr", "b"),
        ("title_en", "a"),
        ("state", 0),
    ]


def test_an_answer_of_one_field_is_read():
    assert TRANSLATION.from_legacy("1", {"state": 2}) == {"actionId": "1", "status": "active"}


def test_answers_alike_in_names_and_not_in_types_are_read_apart():
    assert TRANSLATION.from_legacy("1", {"state": 1}) == {"actionId": "1", "status": "pending"}
    assert TRANSLATION.from_legacy("1", {"state": True}) == {"actionId": "1", "unreadable": ["status"]}
    assert TRANSLATION.from_legacy("1", {"state": 1.0}) == {"actionId": "1", "status": "pending"}
    assert TRANSLATION.from_legacy("1", {"state": None}) == {"actionId": "1", "status": None}


def test_an_answer_of_more_names_than_any_core_has_is_read():
    data = {f"other_{number}": number for number in range(200)} | {"state": 2}
    assert TRANSLATION.from_legacy("1", data) == {"actionId": "1", "status": "active"}
