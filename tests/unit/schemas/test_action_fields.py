"""Contract 1.2, row by row of its field table."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.schemas.refusals import item_errors, load_batch, refused_batch
from tests.unit.schemas.samples import BAD_IDS, BAD_TIMESTAMPS, BAD_UUIDS, FULL_ITEM, OTHER_PARTNER, PARTNER

CATEGORIES = ["validation", "link", "form", "todo", "schedule"]
STATUSES = ["active", "inactive", "draft", "approved", "pending", "done"]
TEXTS = [("title", 255), ("subtitle", 255), ("details", 10_000)]
DATES = ["effective_date", "due_date", "expires_at"]


def loaded(**fields: Any) -> dict[str, object]:
    """The loaded item but for its actionId."""
    (item,) = load_batch({"actionId": "1", **fields})
    del item["actionId"]
    return item


def detail(**fields: Any) -> str:
    return refused_batch({"actionId": "1", **fields}).errors[0].detail


def test_every_field_of_the_contract_is_taken_as_it_was_sent() -> None:
    assert load_batch(FULL_ITEM) == [FULL_ITEM]


def test_what_is_left_out_stays_out() -> None:
    assert loaded(status="done") == {"status": "done"}


class TestActionId:
    @pytest.mark.parametrize(
        ("sent", "normalised"),
        [
            ("19353", "19353"),
            ("1", "1"),
            ("007", "7"),
            ("0" * 19 + "1", "1"),
            ("9" * 20, "9" * 20),
            (19353, "19353"),
            (1, "1"),
            (2**53 + 1, "9007199254740993"),
            (10**20 - 1, "9" * 20),
        ],
    )
    def test_is_normalised_to_digits_without_leading_zeros(self, sent: Any, normalised: str) -> None:
        assert load_batch({"actionId": sent, "status": "done"})[0]["actionId"] == normalised

    @pytest.mark.parametrize("sent", BAD_IDS, ids=repr)
    def test_refuses_everything_else(self, sent: Any) -> None:
        (error,) = refused_batch({"actionId": sent, "status": "done"}).errors

        assert (error.field, error.item_id) == ("actionId", None)
        assert error.code == ("invalid_id" if type(sent) in (str, int) else "invalid_type")

    def test_is_the_only_required_field(self) -> None:
        (error,) = refused_batch({"status": "done"}).errors

        assert (error.field, error.code) == ("actionId", "required")

    def test_is_not_null(self) -> None:
        (error,) = refused_batch({"actionId": None, "status": "done"}).errors

        assert (error.field, error.code) == ("actionId", "null_not_allowed")


@pytest.mark.parametrize(
    ("field", "words"), [("category_action", CATEGORIES), ("type_action", CATEGORIES), ("status", STATUSES)]
)
class TestChoices:
    def test_takes_each_word(self, field: str, words: list[str]) -> None:
        assert [loaded(**{field: word})[field] for word in words] == words

    @pytest.mark.parametrize("sent", ["", "Active", "LINK", "active ", "link\n", "ａctive", "other"])
    def test_refuses_other_words_and_lists_those_allowed(self, field: str, words: list[str], sent: str) -> None:
        assert item_errors(**{field: sent}) == [(field, "invalid_choice")]
        assert detail(**{field: sent}) == f"Must be one of: {', '.join(words)}."

    @pytest.mark.parametrize("sent", [0, 1, 2.5, True, [], ["link"], {}, {"active": 1}])
    def test_refuses_other_types(self, field: str, words: list[str], sent: Any) -> None:
        assert item_errors(**{field: sent}) == [(field, "invalid_type")]
        assert words[0] in detail(**{field: sent})

    def test_is_not_null(self, field: str, words: list[str]) -> None:
        assert item_errors(**{field: None}) == [(field, "null_not_allowed")]


@pytest.mark.parametrize(("field", "most"), TEXTS)
class TestTranslations:
    @pytest.mark.parametrize("value", [{"en": "x"}, {"fr": "x"}, {"fr": "x", "en": "y"}, {"en": ""}, {"en": "\x00"}])
    def test_takes_one_language_or_both(self, field: str, most: int, value: Any) -> None:
        assert loaded(**{field: value}) == {field: value}

    @pytest.mark.parametrize("character", ["a", "é", "😀"])
    def test_counts_characters_up_to_the_bound(self, field: str, most: int, character: str) -> None:
        assert loaded(**{field: {"en": character * most}})

        assert item_errors(**{field: {"en": character * (most + 1)}}) == [(f"{field}.en", "too_long")]
        assert f"at most {most:,} characters" in detail(**{field: {"en": character * (most + 1)}})

    def test_refuses_an_empty_object(self, field: str, most: int) -> None:
        assert item_errors(**{field: {}}) == [(field, "too_few")]
        assert detail(**{field: {}}) == "Must have at least one of: en, fr."

    @pytest.mark.parametrize("language", ["de", "EN", "en ", "", "en-GB", "_schema"])
    def test_refuses_languages_that_are_not_set_up(self, field: str, most: int, language: str) -> None:
        assert item_errors(**{field: {"en": "x", language: "y"}}) == [(f"{field}.{language}", "unknown_language")]
        assert detail(**{field: {language: "y"}}) == "Must be one of: en, fr."

    @pytest.mark.parametrize("text", [1, 1.5, True, [], ["x"], {}, {"x": "y"}])
    def test_refuses_a_text_that_is_not_a_string(self, field: str, most: int, text: Any) -> None:
        assert item_errors(**{field: {"fr": text}}) == [(f"{field}.fr", "invalid_type")]

    def test_refuses_null_as_a_text(self, field: str, most: int) -> None:
        assert item_errors(**{field: {"fr": None}}) == [(f"{field}.fr", "null_not_allowed")]

    @pytest.mark.parametrize("value", ["x", 1, True, [], [{"en": "x"}]])
    def test_refuses_other_types(self, field: str, most: int, value: Any) -> None:
        assert item_errors(**{field: value}) == [(field, "invalid_type")]

    def test_reports_every_language_at_once(self, field: str, most: int) -> None:
        errors = item_errors(**{field: {"de": "x", "en": 1, "fr": "x" * (most + 1), "es": None}})

        assert sorted(errors) == sorted(
            [
                (f"{field}.de", "unknown_language"),
                (f"{field}.es", "unknown_language"),
                (f"{field}.en", "invalid_type"),
                (f"{field}.fr", "too_long"),
            ]
        )


class TestPartnerIds:
    def test_takes_different_uuids_in_lower_case(self) -> None:
        assert loaded(partner_ids=[PARTNER.upper(), OTHER_PARTNER]) == {"partner_ids": [PARTNER, OTHER_PARTNER]}

    @pytest.mark.parametrize("count", [1, 2, 1_000])
    def test_takes_one_to_a_thousand(self, count: int) -> None:
        uuids = [f"{number:08x}{PARTNER[8:]}" for number in range(count)]

        assert loaded(partner_ids=uuids) == {"partner_ids": uuids}

    def test_refuses_none_at_all(self) -> None:
        assert item_errors(partner_ids=[]) == [("partner_ids", "too_few")]

    def test_refuses_more_than_a_thousand_without_reading_them(self) -> None:
        assert item_errors(partner_ids=["x"] * 1_001) == [("partner_ids", "too_many")]
        assert "1 to 1,000" in detail(partner_ids=["x"] * 1_001)

    @pytest.mark.parametrize("sent", BAD_UUIDS, ids=repr)
    def test_names_the_entry_that_is_not_a_uuid(self, sent: Any) -> None:
        code = "invalid_uuid" if isinstance(sent, str) else "invalid_type"

        assert item_errors(partner_ids=[OTHER_PARTNER, sent]) == [("partner_ids.1", code)]

    def test_names_a_null_entry(self) -> None:
        assert item_errors(partner_ids=[None, PARTNER]) == [("partner_ids.0", "null_not_allowed")]

    @pytest.mark.parametrize("repeat", [PARTNER, PARTNER.upper()])
    def test_refuses_a_repeat_in_any_case(self, repeat: str) -> None:
        assert item_errors(partner_ids=[PARTNER, OTHER_PARTNER, repeat]) == [("partner_ids.2", "duplicate_value")]

    def test_reports_repeats_beside_what_is_no_uuid(self) -> None:
        errors = item_errors(partner_ids=[PARTNER, "x", PARTNER, None, "x"])

        assert sorted(errors) == [
            ("partner_ids.1", "invalid_uuid"),
            ("partner_ids.2", "duplicate_value"),
            ("partner_ids.3", "null_not_allowed"),
            ("partner_ids.4", "invalid_uuid"),
        ]

    @pytest.mark.parametrize("sent", [PARTNER, 1, True, {}, {"0": PARTNER}])
    def test_refuses_other_types(self, sent: Any) -> None:
        assert item_errors(partner_ids=sent) == [("partner_ids", "invalid_type")]


@pytest.mark.parametrize("field", DATES)
class TestDates:
    @pytest.mark.parametrize(
        "moment",
        [
            "2024-01-10 06:51:15",
            "2024-02-29 00:00:00",
            "2000-02-29 23:59:59",
            "0001-01-01 00:00:00",
            "9999-12-31 23:59:59",
            "1969-12-31 23:59:59",
        ],
    )
    def test_takes_real_moments_as_they_are(self, field: str, moment: str) -> None:
        assert loaded(**{field: moment}) == {field: moment}

    @pytest.mark.parametrize("sent", BAD_TIMESTAMPS, ids=repr)
    def test_refuses_everything_else(self, field: str, sent: Any) -> None:
        code = "invalid_timestamp" if isinstance(sent, str) else "invalid_type"

        assert item_errors(**{field: sent}) == [(field, code)]
        assert "YYYY-MM-DD HH:MM:SS" in detail(**{field: sent})


def test_dates_have_no_order_between_them() -> None:
    dates = dict(zip(DATES, ["2024-03-01 00:00:00", "2024-02-01 00:00:00", "2024-01-01 00:00:00"], strict=True))

    assert loaded(**dates) == dates


@pytest.mark.parametrize("field", ["subtitle", *DATES])
def test_null_clears_the_fields_that_may_be_cleared(field: str) -> None:
    assert loaded(**{field: None}) == {field: None}


@pytest.mark.parametrize("field", ["category_action", "type_action", "status", "title", "details", "partner_ids"])
def test_null_is_allowed_nowhere_else(field: str) -> None:
    assert item_errors(**{field: None}) == [(field, "null_not_allowed")]


@pytest.mark.parametrize("value", [None, 1, "1", {}, []])
def test_author_id_cannot_be_updated(value: Any) -> None:
    assert item_errors(author_id=value) == [("author_id", "read_only")]
    assert "cannot be updated" in detail(author_id=value)


@pytest.mark.parametrize(
    "name", ["colour", "Status", "action_id", "id", "data", "", "_schema", "title.en", "__proto__"]
)
def test_any_other_name_is_an_error_naming_it(name: str) -> None:
    assert item_errors(**{name: None}) == [(name, "unknown_field")]


def test_an_item_with_nothing_but_its_action_id_is_an_error() -> None:
    assert item_errors() == [(None, "nothing_to_update")]


def test_all_errors_of_an_item_come_together() -> None:
    item = {"actionId": "x", "status": "gone", "title": {"de": "x"}, "due_date": "soon", "author_id": 1, "colour": 1}

    fields = {error.field for error in refused_batch(item).errors}

    assert fields == {"actionId", "status", "title.de", "due_date", "author_id", "colour"}
