"""The batch around the items (contract 1.2): its own errors, duplicates, sizes, and how errors are counted."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from gateway.api.json_size import JsonSize, is_larger
from schemas.actions import ActionUpdateSchema
from schemas.batch_check import PAUSE_EVERY
from schemas.batch_loader import BatchLoader
from schemas.batches import BatchTooLarge, InvalidBatch, ItemSchema, batch_schema
from schemas.fields import Text, Uuid
from tests.unit.schemas.refusals import load_batch, loader, places, refused_batch, refused_document
from tests.unit.schemas.samples import FULL_ITEM, OTHER_PARTNER, PARTNER


def done(action_id: Any) -> dict[str, Any]:
    return {"actionId": action_id, "status": "done"}


def test_items_keep_their_order() -> None:
    assert [item["actionId"] for item in load_batch(done("3"), done("1"), done(2))] == ["3", "1", "2"]


@pytest.mark.parametrize("document", [None, True, 1, 1.5, "data", [], [done("1")]])
def test_a_document_that_is_no_object_is_refused(document: Any) -> None:
    assert places(refused_document(document)) == [(None, None, "invalid_type")]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({}, "required"),
        ({"data": []}, "empty_batch"),
        ({"data": None}, "null_not_allowed"),
        ({"data": {}}, "invalid_type"),
        ({"data": {"0": done("1")}}, "invalid_type"),
        ({"data": "x"}, "invalid_type"),
        ({"data": 1}, "invalid_type"),
        ({"data": False}, "invalid_type"),
    ],
)
def test_data_must_be_an_array_with_items(document: Any, code: str) -> None:
    refusal = refused_document(document)

    assert places(refusal) == [(None, "data", code)]
    assert (refusal.errors_total, refusal.invalid_items, refusal.total_items) == (1, 0, 0)


@pytest.mark.parametrize("key", ["Data", "dry_run", "_schema", "data "])
def test_any_other_top_level_key_is_an_error(key: str) -> None:
    refusal = refused_document({"data": [done("1")], key: 1})

    assert places(refusal) == [(None, key, "unknown_field")]
    assert (refusal.invalid_items, refusal.total_items) == (0, 1)


def test_errors_of_the_batch_and_of_its_items_come_together() -> None:
    refusal = refused_document({"data": [done("x")], "more": 1})

    assert places(refusal) == [(None, "more", "unknown_field"), (0, "actionId", "invalid_id")]


@pytest.mark.parametrize("item", [None, True, 1, 1.5, "1", [], [done("1")]])
def test_an_item_that_is_no_object_is_refused(item: Any) -> None:
    refusal = refused_batch(done("1"), item)

    assert places(refusal) == [(1, None, "invalid_type")]
    assert refusal.errors[0].item_id is None


def test_one_bad_item_refuses_the_batch_and_names_its_index_and_action() -> None:
    refusal = refused_batch(done("1"), {"actionId": "0019354", "status": "gone"}, done("3"))

    (error,) = refusal.errors
    assert (error.index, error.item_id, error.field, error.code) == (1, "19354", "status", "invalid_choice")
    assert (refusal.errors_total, refusal.invalid_items, refusal.total_items) == (1, 1, 3)


def test_the_contracts_own_example_of_errors() -> None:
    refusal = refused_batch({"actionId": "19353", "status": "gone"}, done("19354"), {"actionId": "x", "colour": 1})

    assert [(error.index, error.item_id, error.field, error.code) for error in refusal.errors] == [
        (0, "19353", "status", "invalid_choice"),
        (2, None, "actionId", "invalid_id"),
        (2, None, "colour", "unknown_field"),
    ]


class TestDuplicates:
    @pytest.mark.parametrize("repeat", ["7", "007", 7])
    def test_each_repeat_is_an_error_naming_the_first_index(self, repeat: Any) -> None:
        refusal = refused_batch(done("1"), done("7"), done("2"), done(repeat), done(repeat))

        assert places(refusal) == [(3, "actionId", "duplicate_action_id"), (4, "actionId", "duplicate_action_id")]
        assert all("item 1:" in error.detail for error in refusal.errors)
        assert refusal.invalid_items == 2

    def test_are_found_where_other_fields_are_wrong_too(self) -> None:
        refusal = refused_batch({"actionId": "7", "status": "gone"}, {"actionId": "7", "colour": 1}, {"actionId": 7})

        assert places(refusal) == [
            (0, "status", "invalid_choice"),
            (1, "colour", "unknown_field"),
            (1, "actionId", "duplicate_action_id"),
            (2, None, "nothing_to_update"),
            (2, "actionId", "duplicate_action_id"),
        ]

    def test_invalid_ids_are_not_each_others_duplicates(self) -> None:
        assert places(refused_batch(done("x"), done("x"))) == [
            (0, "actionId", "invalid_id"),
            (1, "actionId", "invalid_id"),
        ]


class TestSize:
    def test_takes_as_many_items_as_allowed(self) -> None:
        assert len(list(loader(max_items=3).items({"data": [done("1"), done("2"), done("3")]}))) == 3

    def test_a_larger_batch_is_refused_whole_before_its_items_are_read(self) -> None:
        with pytest.raises(BatchTooLarge) as caught:
            list(loader(max_items=3).items({"data": [None] * 4, "more": 1}))

        assert (caught.value.received, caught.value.max_items) == (4, 3)

    def test_the_message_about_data_names_the_limit(self) -> None:
        with pytest.raises(InvalidBatch) as caught:
            list(loader(max_items=3).items({"data": 1}))

        assert caught.value.errors[0].detail == "Must be an array of 1 to 3 objects."


class TestCounting:
    def test_a_hundred_errors_are_listed_and_all_are_counted(self) -> None:
        refusal = refused_batch(*[{"actionId": str(number), "status": "gone"} for number in range(1, 251)])

        assert [error.index for error in refusal.errors] == list(range(100))
        assert (refusal.errors_total, refusal.invalid_items, refusal.total_items) == (250, 250, 250)

    def test_one_item_with_many_errors_counts_them_all(self) -> None:
        item = {"actionId": "1", "partner_ids": ["x"] * 400, "title": {"de": 1, "es": 2}, "status": "gone"}

        refusal = refused_batch(done("2"), item, done("x"))

        assert len(refusal.errors) == 100
        assert (refusal.errors_total, refusal.invalid_items, refusal.total_items) == (404, 2, 3)

    def test_errors_of_later_items_are_not_listed_out_of_turn(self) -> None:
        items = [{"actionId": str(number), "partner_ids": ["x"] * 60} for number in range(1, 4)]

        assert [error.index for error in refused_batch(*items).errors] == [0] * 60 + [1] * 40

    def test_no_item_is_looked_at_after_ten_thousand_errors(self) -> None:
        item = {"actionId": "1", "partner_ids": ["x"] * 1000}

        refusal = refused_batch(*[item] * 20)

        assert len(refusal.errors) == 100
        # Nine items beside the first repeat its id.
        assert (refusal.errors_total, refusal.invalid_items) == (10_009, 10)
        assert (refusal.checked_items, refusal.total_items) == (10, 20)

    def test_all_items_are_looked_at_while_there_are_fewer(self) -> None:
        refusal = refused_batch(*[{"actionId": str(number), "status": "gone"} for number in range(1, 251)])

        assert refusal.checked_items == 250

    @pytest.mark.parametrize(
        ("item", "field"),
        [
            ({f"n{number}": 1 for number in range(101)}, None),
            ({"actionId": "1", "title": {f"n{number}": "x" for number in range(101)}}, "title"),
        ],
    )
    def test_more_than_a_hundred_names_are_one_error(self, item: dict[str, Any], field: str | None) -> None:
        assert places(refused_batch(item)) == [(0, field, "too_many")]

    def test_a_hundred_names_are_an_error_each(self) -> None:
        item = {"actionId": "1", **{f"n{number}": 1 for number in range(99)}}

        assert refused_batch(item).errors_total == 99

    def test_too_many_names_around_the_items_are_one_error(self) -> None:
        document = {"data": [done("1")], **{f"n{number}": 1 for number in range(100)}}

        assert places(refused_document(document)) == [(None, None, "too_many")]


class TestPartners:
    def test_any_partner_may_be_named_where_there_is_no_list(self) -> None:
        assert load_batch(FULL_ITEM, allowed_partners=None)

    @pytest.mark.parametrize("allowed", [{PARTNER}, {PARTNER.upper()}, {PARTNER, OTHER_PARTNER}])
    def test_allowed_partners_may_be_named_in_any_case(self, allowed: set[str]) -> None:
        item = {"actionId": "1", "partner_ids": [PARTNER.upper()]}

        assert load_batch(item, allowed_partners=allowed) == [{"actionId": "1", "partner_ids": [PARTNER]}]

    def test_others_are_errors_at_their_place(self) -> None:
        item = {"actionId": "1", "partner_ids": [PARTNER, OTHER_PARTNER], "status": "gone"}

        refusal = refused_batch(item, allowed_partners={PARTNER})

        assert places(refusal) == [(0, "status", "invalid_choice"), (0, "partner_ids.1", "partner_not_allowed")]

    def test_a_caller_without_partners_may_name_none(self) -> None:
        refusal = refused_batch(FULL_ITEM, done("2"), allowed_partners=frozenset())

        assert places(refusal) == [(0, "partner_ids.0", "partner_not_allowed")]

    def test_a_list_for_one_call_does_not_outlive_it(self) -> None:
        shared = loader()
        with pytest.raises(InvalidBatch):
            list(shared.items({"data": [FULL_ITEM]}, frozenset()))

        assert list(shared.items({"data": [FULL_ITEM]})) == [FULL_ITEM]


class OneSchema(ItemSchema):
    """An item that is a partner, or names one."""

    called = "one"
    plural = "ones"
    id_name = "partnerId"
    partners_name = "partnerId"

    partnerId = Uuid(required=True)  # noqa: N815 -- as resources name theirs
    owner = Uuid(allow_none=True)
    note = Text(10)


class OwnedSchema(OneSchema):
    partners_name = "owner"


class TestSinglePartners:
    """Where the field of partners holds one UUID."""

    @pytest.mark.parametrize("allowed", [None, {PARTNER}, {PARTNER.upper()}])
    def test_an_allowed_one_may_be_named_in_any_case(self, allowed: set[str] | None) -> None:
        document = {"data": [{"partnerId": PARTNER.upper(), "note": "x"}]}

        assert list(loader_of(OneSchema).items(document, allowed)) == [{"partnerId": PARTNER, "note": "x"}]

    @pytest.mark.parametrize("allowed", [set(), {OTHER_PARTNER}, set(PARTNER)])
    def test_another_is_one_error_at_the_field(self, allowed: set[str]) -> None:
        document = {"data": [{"partnerId": PARTNER, "note": "x"}]}

        with pytest.raises(InvalidBatch) as caught:
            list(loader_of(OneSchema).items(document, allowed))

        assert places(caught.value) == [(0, "partnerId", "partner_not_allowed")]

    def test_a_repeat_of_another_is_told_as_both(self) -> None:
        document = {"data": [{"partnerId": PARTNER, "note": "x"}] * 2}

        with pytest.raises(InvalidBatch) as caught:
            list(loader_of(OneSchema).items(document, set()))

        assert places(caught.value) == [
            (0, "partnerId", "partner_not_allowed"),
            (1, "partnerId", "duplicate_value"),
            (1, "partnerId", "partner_not_allowed"),
        ]

    def test_an_item_that_names_none_needs_none(self) -> None:
        item = {"partnerId": PARTNER, "owner": None}

        assert list(loader_of(OwnedSchema).items({"data": [item]}, set())) == [item]
        assert list(loader_of(OwnedSchema).items({"data": [{"partnerId": PARTNER, "note": "x"}]}, set()))


@pytest.mark.parametrize("name", [None, "note", "owners"])
def test_a_schema_whose_partners_cannot_be_checked_stops_the_start(name: str | None) -> None:
    schema = OneSchema(languages=("en",))
    schema.partners_name = name  # type: ignore[assignment,misc] # what a schema must not say

    with pytest.raises(TypeError, match="partners_name"):
        BatchLoader(schema, 10, lambda: None)


def test_a_schema_that_says_nothing_of_partners_stops_the_start() -> None:
    class ForgetfulSchema(ItemSchema):
        called = "one"
        plural = "ones"
        id_name = "id"
        id = Uuid(required=True)

    with pytest.raises(TypeError, match="ForgetfulSchema must say its partners_name"):
        loader_of(ForgetfulSchema)


def loader_of(schema: type[ItemSchema]) -> BatchLoader:
    return BatchLoader(schema(languages=("en",)), 10, lambda: None)


@pytest.mark.parametrize(("count", "pauses"), [(1, 0), (PAUSE_EVERY, 0), (PAUSE_EVERY + 1, 1), (10 * PAUSE_EVERY, 9)])
def test_it_lets_others_run_now_and_then(count: int, pauses: int) -> None:
    paused: list[None] = []
    loader = BatchLoader(ActionUpdateSchema(languages=("en", "fr")), count, let_others_run=lambda: paused.append(None))

    list(loader.items({"data": [done(number) for number in range(1, count + 1)]}))

    assert len(paused) == pauses


def test_it_lets_others_run_after_each_block_of_items_that_are_valid_as_they_are() -> None:
    paused: list[None] = []
    loader = BatchLoader(ActionUpdateSchema(languages=("en", "fr")), 200, let_others_run=lambda: paused.append(None))

    list(loader.items({"data": [done(str(number)) for number in range(1, 201)]}))

    assert len(paused) == 4


# Of a hundred items, 64 are looked at together and 36; errors that are not listed are counted without a look at each.
@pytest.mark.parametrize(("wrong", "pauses"), [(1, 24), (7, 64), (11, 64), (12, 99), (90, 99)])
def test_it_lets_others_run_by_the_number_of_errors(wrong: int, pauses: int) -> None:
    paused: list[None] = []
    loader = BatchLoader(ActionUpdateSchema(languages=("en", "fr")), 100, let_others_run=lambda: paused.append(None))
    unknown = {f"x{number}": 1 for number in range(wrong)}

    with pytest.raises(InvalidBatch):
        list(loader.items({"data": [{"actionId": str(number)} | unknown for number in range(1, 101)]}))

    assert len(paused) == pauses


@pytest.mark.parametrize("languages", [("en",), ("en", "fr"), tuple("abcdefghij")])
def test_no_valid_batch_has_more_values_than_it_may(languages: tuple[str, ...]) -> None:
    loader = BatchLoader(ActionUpdateSchema(languages=languages), 30, let_others_run=lambda: None)
    texts = dict.fromkeys(languages, "x")
    item = {**FULL_ITEM, **dict.fromkeys(("title", "subtitle", "details"), texts)}
    item["partner_ids"] = [f"8c0a2f6e-3c7b-4a53-9d8f-{number:012x}" for number in range(1000)]
    batch = {"data": [{**item, "actionId": str(number)} for number in range(1, 31)]}
    body = json.dumps(batch, separators=(",", ":")).encode()

    assert len(list(loader.items(batch))) == 30
    assert not is_larger(body, JsonSize(*loader.most(len(body))), lambda: None)


def test_the_languages_are_those_it_was_made_for() -> None:
    german = BatchLoader(ActionUpdateSchema(languages=("de",)), 10, let_others_run=lambda: None)

    assert list(german.items({"data": [{"actionId": "1", "title": {"de": "x"}}]}))
    with pytest.raises(InvalidBatch) as caught:
        list(german.items({"data": [{"actionId": "1", "title": {"en": "x"}}]}))
    assert caught.value.errors[0].detail == "Must be one of: de."


def test_no_message_echoes_a_value() -> None:
    secret = "s3cr3t"
    item = dict.fromkeys(FULL_ITEM, secret) | {"title": {"en": [secret]}, "partner_ids": [secret], "x": secret}

    refusal = refused_batch(item)

    assert refusal.errors_total == 12
    assert not any(secret in error.detail for error in refusal.errors)


@pytest.mark.parametrize("rows", [[done("1")], ["not even read"]])
def test_the_schema_of_the_batch_leaves_its_items_to_the_loader(rows: list[Any]) -> None:
    assert batch_schema(ActionUpdateSchema(languages=("en", "fr")), 1_000).load({"data": rows}) == {"data": rows}


def test_errors_can_cross_a_process() -> None:
    errors = refused_batch(done("x")).errors

    assert pickle.loads(pickle.dumps(errors)) == errors
    assert type(errors[0].detail) is str
