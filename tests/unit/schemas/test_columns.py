"""Many rows that are accepted together load as they would one by one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from schemas.actions import ActionUpdateSchema, UuidActionUpdateSchema
from schemas.batch_loader import BatchLoader
from schemas.batches import InvalidBatch, ItemSchema
from schemas.compiled import compile_row_kinds
from schemas.fields import Choice, Text
from tests.unit.schemas.samples import FULL_ITEM, OTHER_PARTNER, PARTNER, action_items

LANGUAGES = ("en", "fr")
PLAIN = {**FULL_ITEM, "actionId": "19353"}


class RuledSchema(ActionUpdateSchema):
    """With a rule of its own, so that each item is looked at alone."""

    def check(self, loaded: dict[str, Any]) -> None:
        super().check(loaded)


_ACTION = ActionUpdateSchema(languages=LANGUAGES)
_TOGETHER = BatchLoader(_ACTION, 1_000, lambda: None)
_ALONE = BatchLoader(RuledSchema(languages=LANGUAGES), 1_000, lambda: None)
_kinds = compile_row_kinds(_ACTION)


def are_plain(*rows: Any) -> bool:
    """Whether all surely load as they are. Each comes four times, for fewer are not asked about together."""
    assert _kinds is not None
    kinds = _kinds.of(list(rows) * 4)
    return bool(kinds) and not any(kind.doubtful for kind in kinds.values())


def outcome(loader: BatchLoader, rows: list[Any], partners: set[str] | None = None) -> Any:
    found = []
    try:
        for item in loader.items({"data": rows}, partners):
            found.append(item)  # noqa: PERF402 -- those before the error count too
    except InvalidBatch as refusal:
        return found, refusal.errors, refusal.errors_total, refusal.invalid_items, refusal.checked_items
    return found


def numbered(count: int) -> list[dict[str, Any]]:
    return [{**PLAIN, "actionId": str(number)} for number in range(1, count + 1)]


@settings(max_examples=4 * settings.default.max_examples, derandomize=True, database=None)  # type: ignore[union-attr] # There is a default.
@given(action_items)
@example(FULL_ITEM)
@example({})
def test_what_is_plain_loads_as_it_is(drawn: Any) -> None:
    members = drawn.items() if isinstance(drawn, dict) else ()
    for row in [drawn, *({**PLAIN, name: value} for name, value in members)]:
        rows = [*numbered(8), row]
        assert outcome(_TOGETHER, rows) == outcome(_ALONE, rows)
        if are_plain(row):
            assert _ACTION.load(row) == row


@settings(max_examples=settings.default.max_examples, derandomize=True, database=None)  # type: ignore[union-attr] # There is a default.
@given(st.lists(action_items, min_size=1, max_size=3), st.sampled_from([None, {PARTNER}]), st.booleans())
@example([{**PLAIN, "status": "gone"}, PLAIN, {**PLAIN, "status": "gone", "due_date": "now", "x": 1}], None, True)
@example([{**PLAIN, "status": None}, PLAIN], None, True)
@example([{**PLAIN, "status": "gone", "subtitle": None}], None, True)
@example([{**PLAIN, "status": "gone"}, {**PLAIN, "due_date": "now"}, PLAIN], None, True)
@example([{**PLAIN, "title": {"de": "x", "en": 1}}], None, True)
def test_errors_that_are_only_counted_are_as_many(
    drawn: list[Any], partners: set[str] | None, is_each_new: bool
) -> None:
    rows = [drawn[number % len(drawn)] for number in range(200)]
    if is_each_new:
        rows = [{**row, "actionId": str(n)} if isinstance(row, dict) else row for n, row in enumerate(rows, 1)]

    assert outcome(_TOGETHER, rows, partners) == outcome(_ALONE, rows, partners)


@pytest.mark.parametrize("wrong", [1, 5, 10, 11])
def test_items_after_too_many_errors_are_not_checked_whatever_is_counted_together(wrong: int) -> None:
    bad: dict[str, Any] = dict.fromkeys([*PLAIN][1 : wrong + 1], 7)
    rows = [{"actionId": str(number), **bad, "author_id": 1} for number in range(1, 1_001)]

    _, _, total, invalid, checked = outcome(_TOGETHER, rows)

    assert (total, invalid, checked) == outcome(_ALONE, rows)[2:]
    assert total == checked * len(rows[0]) - checked
    assert (checked == 1_000) == (wrong < 9)


def test_a_full_item_is_plain() -> None:
    assert are_plain(*numbered(8))
    assert outcome(_TOGETHER, numbered(200)) == numbered(200)


@pytest.mark.parametrize(
    "change",
    [
        {"actionId": 19353},
        {"actionId": "019353"},
        {"actionId": "0"},
        {"actionId": ""},
        {"actionId": "1" * 21},
        {"actionId": "１"},
        {"actionId": "1.0"},
        {"actionId": None},
        {"status": "gone"},
        {"status": None},
        {"status": []},
        {"title": {}},
        {"title": []},
        {"title": ["en"]},
        {"title": "en"},
        {"title": None},
        {"title": {"de": "x"}},
        {"title": {"en": 1}},
        {"title": {"en": None}},
        {"title": {"en": "x" * 256}},
        {"subtitle": None},
        {"partner_ids": []},
        {"partner_ids": {}},
        {"partner_ids": [PARTNER.upper()]},
        {"partner_ids": [PARTNER, PARTNER]},
        {"partner_ids": [[PARTNER]]},
        {"partner_ids": [None]},
        {"partner_ids": ["x"]},
        {"partner_ids": [PARTNER[:-1] + "g"]},
        {"partner_ids": ["\ud800" + PARTNER[1:]]},
        {"partner_ids": ["é" + PARTNER[1:]]},
        {"partner_ids": [PARTNER + "0", OTHER_PARTNER[1:]]},
        {"partner_ids": [PARTNER[:7] + "-0" + PARTNER[9:]]},
        {"partner_ids": [PARTNER[:9] + "-" + PARTNER[10:]]},
        {"partner_ids": None},
        {"due_date": "2024-02-30 00:00:00"},
        {"due_date": None},
        {"due_date": []},
        {"author_id": "x"},
        {"colour": "red"},
    ],
)
def test_one_value_that_changes_or_is_refused_leaves_all_in_doubt(change: dict[str, Any]) -> None:
    rows = [*numbered(8), {**PLAIN, **change}]

    assert not are_plain(*rows)
    assert not are_plain({**PLAIN, **change})
    assert outcome(_TOGETHER, rows) == outcome(_ALONE, rows)


@pytest.mark.parametrize("row", [{"actionId": "1"}, {}, [], None, 5, {"status": "done", "title": {"en": "x"}}])
def test_a_row_that_is_no_whole_item_is_in_doubt(row: Any) -> None:
    assert not are_plain(row)
    assert not are_plain(PLAIN, row)


def test_rows_are_asked_about_with_those_that_have_the_same_names() -> None:
    assert are_plain({"actionId": "1", "status": "done"}, {"actionId": "2", "type_action": "form"})
    assert not are_plain({"actionId": "1", "status": "done"}, {"actionId": "2", "type_action": "done"})


def test_rows_of_too_many_kinds_are_left_to_a_look_at_each() -> None:
    assert _kinds is not None
    rows = [{"actionId": str(number), name: "form"} for number, name in enumerate(("type_action", "category_action"))]

    assert len(_kinds.of([*rows, *rows, *rows, *rows])) == 2
    assert not _kinds.of([*rows, *rows, *rows, rows[0]])


def test_values_that_are_remembered_stay_right_when_there_are_too_many() -> None:
    for first in range(0, 6_000, 60):
        rows = [
            {"actionId": str(n + 1), "partner_ids": [f"8c0a2f6e-3c7b-4a53-9d8f-{n:012x}"], "due_date": f"{n + 1:04}-01-01 00:00:00"}
            for n in range(first, first + 60)
        ]  # fmt: skip
        assert are_plain(*rows)
    assert not are_plain({"actionId": "1", "partner_ids": ["8c0a2f6e-3c7b-4a53-9d8f-00000000000X"]})
    assert are_plain({"actionId": "1", "partner_ids": [PARTNER, OTHER_PARTNER]})


@pytest.mark.parametrize(("again", "first"), [(3, 1), (70, 1), (150, 149), (150, 20)])
def test_an_id_that_comes_again_is_told_with_the_first(again: int, first: int) -> None:
    rows = numbered(200)
    rows[again]["actionId"] = rows[first]["actionId"]

    found, errors, total, invalid, checked = outcome(_TOGETHER, rows)

    assert (found, total, invalid, checked) == (rows[:again], 1, 1, 200)
    assert [(error.index, error.code, error.detail) for error in errors] == [
        (again, "duplicate_action_id", f"Must differ from the actionId of item {first}: name each action once.")
    ]


@pytest.mark.parametrize("place", [0, 7, 64, 150])
def test_a_partner_whom_the_caller_may_not_name_is_found_in_any_block(place: int) -> None:
    rows = numbered(200)
    rows[place]["partner_ids"] = [OTHER_PARTNER]
    allowed = set(FULL_ITEM["partner_ids"]) - {OTHER_PARTNER} | {PARTNER}
    for number, row in enumerate(rows):
        if number != place:
            row["partner_ids"] = [PARTNER]

    found, errors, *_ = outcome(_TOGETHER, rows, allowed)

    assert found == rows[:place]
    assert [(error.index, error.code) for error in errors] == [(place, "partner_not_allowed")]


def test_a_schema_with_a_rule_of_its_own_has_each_item_looked_at() -> None:
    class OddSchema(ActionUpdateSchema):
        def check(self, loaded: dict[str, Any]) -> None:
            if loaded["actionId"] == "77":
                raise ValidationError("no")

    _, errors, *_ = outcome(BatchLoader(OddSchema(languages=LANGUAGES), 1_000, lambda: None), numbered(100))

    assert [error.index for error in errors] == [76]


def test_a_field_that_is_given_another_acceptor_is_asked_by_it() -> None:
    class Loud(Choice):
        def __init__(self, **options: Any) -> None:
            super().__init__(("a", "b"), **options)
            self.accept = lambda value: value if value == "A" else None

    class LoudSchema(ItemSchema):
        called, plural, id_name, partners_name = "one", "ones", "name", ""
        name = Text(9, required=True)
        word = Loud()

    kinds = compile_row_kinds(LoudSchema(languages=LANGUAGES))

    assert kinds is not None
    [accepted] = kinds.of([{"name": "x", "word": "A"}] * 4).values()
    [refused] = kinds.of([{"name": "x", "word": "a"}] * 4).values()
    assert (accepted.doubtful, refused.doubtful) == ([], ["word"])


def test_ids_that_are_uuids_are_accepted_one_by_one() -> None:
    schema = UuidActionUpdateSchema(languages=LANGUAGES)
    rows = [{"actionId": f"8C0A2F6E-3C7B-4A53-9D8F-{number:012X}", "status": "done"} for number in range(100)]

    found = outcome(BatchLoader(schema, 1_000, lambda: None), rows)

    assert found == [{**row, "actionId": row["actionId"].lower()} for row in rows]
