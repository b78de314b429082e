"""What the bulk endpoint takes and refuses, row by row of contract 1.2: a refused batch makes no call to the core."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.doubles.service import assert_problem

ITEM = {"actionId": "19353", "status": "active"}
UUID = "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00"

REFUSED_ITEMS = {
    "no actionId": ({"status": "active"}, "actionId", "required"),
    "actionId null": ({"actionId": None, "status": "active"}, "actionId", "null_not_allowed"),
    "actionId empty": ({"actionId": "", "status": "active"}, "actionId", None),
    "actionId of letters": ({"actionId": "abc", "status": "active"}, "actionId", None),
    "actionId as a path": ({"actionId": "../1", "status": "active"}, "actionId", None),
    "actionId with other digits": ({"actionId": "١٢٣", "status": "active"}, "actionId", None),
    "actionId of 21 digits": ({"actionId": "1" * 21, "status": "active"}, "actionId", None),
    "actionId zero": ({"actionId": "000", "status": "active"}, "actionId", None),
    "actionId negative": ({"actionId": -5, "status": "active"}, "actionId", None),
    "actionId a bool": ({"actionId": True, "status": "active"}, "actionId", None),
    "actionId a float": ({"actionId": 1.5, "status": "active"}, "actionId", None),
    "unknown status": ({"actionId": "1", "status": "open"}, "status", "invalid_choice"),
    "status null": ({"actionId": "1", "status": None}, "status", "null_not_allowed"),
    "unknown category": ({"actionId": "1", "category_action": "Validation"}, "category_action", "invalid_choice"),
    "unknown type": ({"actionId": "1", "type_action": 7}, "type_action", None),
    "title a string": ({"actionId": "1", "title": "Leave"}, "title", None),
    "title empty": ({"actionId": "1", "title": {}}, "title", None),
    "title null": ({"actionId": "1", "title": None}, "title", "null_not_allowed"),
    "title in another language": ({"actionId": "1", "title": {"de": "x"}}, "title.de", None),
    "title too long": ({"actionId": "1", "title": {"en": "x" * 256}}, "title.en", "too_long"),
    "subtitle too long": ({"actionId": "1", "subtitle": {"fr": "x" * 256}}, "subtitle.fr", "too_long"),
    "details too long": ({"actionId": "1", "details": {"en": "x" * 10_001}}, "details.en", "too_long"),
    "details null": ({"actionId": "1", "details": None}, "details", "null_not_allowed"),
    "no partner": ({"actionId": "1", "partner_ids": []}, "partner_ids", None),
    "too many partners": (
        {"actionId": "1", "partner_ids": [f"8c0a2f6e-3c7b-4a53-9d8f-{n:012x}" for n in range(1001)]},
        "partner_ids",
        None,
    ),
    "a partner twice": ({"actionId": "1", "partner_ids": [UUID, UUID.upper()]}, "partner_ids.1", None),
    "a partner that is no UUID": ({"actionId": "1", "partner_ids": [UUID, "x"]}, "partner_ids.1", None),
    "a date that does not exist": ({"actionId": "1", "due_date": "2023-02-29 00:00:00"}, "due_date", None),
    "a date with a zone": ({"actionId": "1", "due_date": "2024-01-10T06:51:15Z"}, "due_date", None),
    "a date without a time": ({"actionId": "1", "effective_date": "2024-01-10"}, "effective_date", None),
    "a time past midnight": ({"actionId": "1", "expires_at": "2024-01-10 24:00:00"}, "expires_at", None),
    "author_id": ({"actionId": "1", "author_id": 7}, "author_id", "read_only"),
    "a name that is not known": ({"actionId": "1", "colour": "red"}, "colour", "unknown_field"),
    "nothing to update": ({"actionId": "1"}, None, "nothing_to_update"),
    "an item that is no object": ("19353", None, None),
}


@pytest.mark.parametrize(("item", "field", "code"), REFUSED_ITEMS.values(), ids=REFUSED_ITEMS.keys())
def test_an_invalid_item_refuses_the_batch_and_says_where(service, item, field, code):
    problem = assert_problem(service.patch(ITEM, item), 400, "validation-failed")

    assert [(error["index"], error["field"]) for error in problem["errors"]] == [(1, field)]
    assert code is None or problem["errors"][0]["code"] == code
    assert problem["detail"] == "1 of 2 actions is invalid; nothing was sent to the core."
    assert service.core.calls == []


def test_the_only_item_of_a_batch_is_called_by_its_own_name(service):
    problem = assert_problem(service.patch({"actionId": "1", "colour": "red"}), 400, "validation-failed")

    assert problem["detail"] == "The action is invalid; nothing was sent to the core."


ACCEPTED_ITEMS = {
    "an integer actionId": {"actionId": 19353, "status": "done"},
    "leading zeros": {"actionId": "0019353", "status": "done"},
    "twenty digits": {"actionId": "9" * 20, "status": "done"},
    "one language": {"actionId": "1", "title": {"fr": "x"}},
    "the longest title": {"actionId": "1", "title": {"en": "x" * 255, "fr": "é" * 255}},
    "the longest details": {"actionId": "1", "details": {"en": "x" * 10_000}},
    "cleared values": {"actionId": "1", "subtitle": None, "effective_date": None, "due_date": None, "expires_at": None},
    "dates in any order": {
        "actionId": "1",
        "effective_date": "2025-01-01 00:00:00",
        "expires_at": "2024-02-29 23:59:59",
    },
    "many partners": {"actionId": "1", "partner_ids": [f"8c0a2f6e-3c7b-4a53-9d8f-{n:012x}" for n in range(1000)]},
}


@pytest.mark.parametrize("item", ACCEPTED_ITEMS.values(), ids=ACCEPTED_ITEMS.keys())
def test_a_valid_item_is_sent(service, item):
    response = service.patch(item)

    assert response.status_code == 200, response.text
    assert len(service.core.calls) == 1


def test_the_id_is_normalised_to_its_digits(service):
    service.patch({"actionId": "0019353", "status": "done"})

    assert service.core.calls[0].id == "19353"


def test_all_errors_of_all_items_come_back_together(service):
    response = service.patch({"actionId": "1", "status": "open", "colour": "red"}, ITEM, {"actionId": "x"}, 5)
    problem = assert_problem(response, 400, "validation-failed")

    assert {(error["index"], error["actionId"], error["field"]) for error in problem["errors"]} >= {
        (0, "1", "status"),
        (0, "1", "colour"),
        (2, None, "actionId"),
        (3, None, None),
    }
    assert problem["detail"].startswith("3 of 4 actions are invalid")


def test_an_error_says_what_is_allowed_and_does_not_echo_what_was_sent(service):
    response = service.patch({"actionId": "1", "status": "secret-value"})

    assert "active, inactive, draft, approved, pending, done" in response.text
    assert "secret-value" not in response.text


def test_a_repeated_action_is_an_error_on_each_repeat_that_names_the_first(service):
    response = service.patch(ITEM, {"actionId": "1", "status": "done"}, {"actionId": 19353, "status": "done"})
    problem = assert_problem(response, 400, "validation-failed")

    assert [(error["index"], error["code"]) for error in problem["errors"]] == [(2, "duplicate_action_id")]
    assert "0" in problem["errors"][0]["detail"]


def test_of_very_many_errors_a_hundred_are_listed_and_all_are_counted(service):
    problem = assert_problem(
        service.patch(*[{"actionId": str(n), "x": 1} for n in range(1, 301)]), 400, "validation-failed"
    )

    assert len(problem["errors"]) == 100
    assert problem["errors_total"] == 300


def test_after_ten_thousand_errors_the_answer_says_how_many_items_were_checked(service):
    items = [{"actionId": str(n), "partner_ids": ["x"] * 1000} for n in range(1, 13)]

    problem = assert_problem(service.patch(*items), 400, "validation-failed")

    assert (problem["checked_items"], problem["errors_total"], len(problem["errors"])) == (10, 10_000, 100)
    assert problem["detail"] == (
        "10 of 10 actions are invalid; nothing was sent to the core. "
        "Only the first 10 of 12 actions were checked, for they have 10,000 errors."
    )


def test_where_all_items_were_checked_there_is_no_word_of_it(service):
    problem = assert_problem(service.patch({"actionId": "1", "x": 1}), 400, "validation-failed")

    assert "checked_items" not in problem


def test_a_body_with_more_values_than_any_batch_of_its_size_is_refused_with_the_limit(service):
    body = b'{"data":[' + b"[]," * 30_000 + b"[]]}"
    problem = assert_problem(service.patch(body=body), 413, "body-too-large")

    # 19 for each of a thousand items, two around them, and one for each 39 bytes.
    assert problem["max_values"] == 21_310
    assert problem["detail"] == (
        "The body has more than 21,310 JSON values, 5,002 arrays and objects, or 18,001 names; "
        "nothing valid of its length has as many."
    )
    assert service.core.calls == []


@pytest.mark.parametrize(
    "body",
    [
        '{"data": {}}',
        "{}",
        '{"data": []}',
        '{"data": null}',
        "[]",
        "null",
        '"x"',
        '{"data": [{"actionId": "1", "status": "done"}], "extra": 1}',
    ],
)
def test_an_envelope_of_another_shape_is_refused(service, body):
    problem = assert_problem(service.patch(body=body), 400, "validation-failed")

    assert problem["errors"][0]["index"] is None
    assert service.core.calls == []


def test_a_batch_of_the_largest_size_is_taken(service):
    assert service.patch(*[{"actionId": str(n), "status": "done"} for n in range(1, 1001)]).status_code == 200


def test_a_larger_batch_is_refused_with_the_limit(service):
    response = service.patch(*[{"actionId": str(n), "status": "done"} for n in range(1, 1002)])
    problem = assert_problem(response, 413, "batch-too-large")

    assert (problem["max_items"], problem["received_items"]) == (1000, 1001)
    assert service.core.calls == []


@pytest.mark.parametrize("body", ["{", '{"data": [], "data": []}', '{"data": NaN}', "[" * 100, b"\xff", ""])
def test_json_is_strict(service, body):
    assert_problem(service.patch(body=body), 400, "invalid-json")


@pytest.mark.parametrize("length", [None, 2000])
def test_a_body_over_the_limit_is_refused(make_service, length):
    service = make_service(max_body_bytes=1024)
    problem = assert_problem(service.patch(body="x" * 1025), 413, "body-too-large")

    assert problem["max_bytes"] == 1024


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/json; charset=UTF-8", "application/merge-patch+json"]
)
def test_json_media_types_are_taken(service, media_type):
    assert service.patch(ITEM, Content_Type=media_type).status_code == 200


@pytest.mark.parametrize(
    "media_type", [None, "text/plain", "application/xml", "application/json; charset=utf-16", "text/x+json"]
)
def test_other_media_types_are_not(service, media_type):
    response = service.patch(ITEM, Content_Type=media_type)

    assert_problem(response, 415, "unsupported-media-type")
    assert response.headers["Accept-Patch"] == "application/json"


def test_a_gzip_body_is_inflated(service):
    body = gzip.compress(json.dumps({"data": [ITEM]}).encode())

    assert service.patch(body=body, Content_Encoding="gzip").status_code == 200


def test_a_gzip_bomb_is_cut_at_the_limit(service):
    bomb = gzip.compress(b" " * 50_000_000)

    assert_problem(service.patch(body=bomb, Content_Encoding="gzip"), 413, "body-too-large")


@pytest.mark.parametrize(
    "body", [b"no gzip", gzip.compress(b"{}", mtime=0)[:-4], gzip.compress(b"{}", mtime=0) + b"more"]
)
def test_a_broken_gzip_body_is_refused(service, body):
    assert_problem(service.patch(body=body, Content_Encoding="gzip"), 400, "bad-request")


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip", "X-Gzip", "gzip, identity", "identity,gzip", ", gzip,"])
def test_gzip_has_two_names_and_identity_changes_nothing(service, coding):
    body = gzip.compress(json.dumps({"data": [ITEM]}).encode())

    assert service.patch(body=body, Content_Encoding=coding).status_code == 200


@pytest.mark.parametrize("coding", ["", " ", "identity", "Identity", "identity, identity", ","])
def test_no_coding_and_identity_are_one(service, coding):
    assert service.patch(ITEM, Content_Encoding=coding).status_code == 200


@pytest.mark.parametrize(
    "coding", ["deflate", "br", "gzip, gzip", "gzip, x-gzip", "identity, br", "gzip;q=1", "x-deflate"]
)
def test_other_content_codings_are_refused(service, coding):
    response = service.patch(ITEM, Content_Encoding=coding)

    assert_problem(response, 415, "unsupported-media-type")
    assert response.headers["Accept-Encoding"] == "gzip, identity"


def test_a_partner_may_name_only_its_own_partners(service):
    service.allow(partner_ids=frozenset({UUID}))
    other = UUID[:-1] + "1"

    assert service.patch({"actionId": "1", "partner_ids": [UUID]}).status_code == 200
    problem = assert_problem(service.patch({"actionId": "1", "partner_ids": [UUID, other]}), 400, "validation-failed")
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [
        ("partner_ids.1", "partner_not_allowed")
    ]


def test_the_languages_are_a_setting(make_service):
    service = make_service(languages="en,de")

    assert service.patch({"actionId": "1", "title": {"de": "Antrag"}}).status_code == 200
    assert_problem(service.patch({"actionId": "1", "title": {"fr": "x"}}), 400, "validation-failed")
