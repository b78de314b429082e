"""The core's PATCH: what it accepts, answers and keeps."""

from __future__ import annotations

import orjson
import pytest

LEGACY_NAMES = [
    "id", "category", "type", "state", "title_en", "title_fr", "subtitle_en", "subtitle_fr", "details_en",
    "details_fr", "partners", "effective_at", "due_at", "expires_at", "author",
]  # fmt: skip


def test_every_field_of_a_seeded_action_is_filled(core):
    action = core.data("/actions/19353")

    assert list(action) == LEGACY_NAMES
    assert action["id"] == 19353
    assert None not in action.values()


def test_the_seed_holds_thousands_of_actions(core):
    assert core.call("GET", "/actions/19000").status == 200
    assert core.call("GET", "/actions/21999").status == 200
    assert core.call("GET", "/actions/22000").status == 404


def test_a_patch_changes_the_fields_given_and_keeps_the_others(core):
    before = core.data("/actions/19000")

    answer = core.patch(19000, {"state": 9, "title_fr": "Congé"})

    assert answer.status == 200
    assert orjson.loads(answer.body) == {"data": before | {"state": 9, "title_fr": "Congé"}}
    assert core.data("/actions/19000") == before | {"state": 9, "title_fr": "Congé"}


@pytest.mark.parametrize("name", ["subtitle_en", "subtitle_fr", "effective_at", "due_at", "expires_at"])
def test_null_clears(core, name):
    core.patch(19000, {name: None})

    assert core.data("/actions/19000")[name] is None


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("colour", "red", "Unknown field."),
        ("id", 1, "Unknown field."),
        ("author", "x", "Unknown field."),
        ("actionId", "19000", "Unknown field."),
        ("category", "validation", "Must be one of: VALIDATION, LINK, FORM, TODO, SCHEDULE."),
        ("type", 1, "Must be one of: VALIDATION, LINK, FORM, TODO, SCHEDULE."),
        ("state", 5, "Must be one of: 0, 1, 2, 3, 4, 9."),
        ("state", "active", "Must be one of: 0, 1, 2, 3, 4, 9."),
        ("state", True, "Must be one of: 0, 1, 2, 3, 4, 9."),
        ("title_en", None, "Must be a string."),
        ("title_en", "x" * 256, "Must have 0 to 255 characters."),
        ("details_fr", 7, "Must be a string."),
        ("partners", ["11111111-1111-1111-1111-111111111111"], "Must be UUIDs joined by commas."),
        ("partners", "nobody", "Must be UUIDs joined by commas."),
        ("due_at", "2024-01-10 06:51:15", "Must be Unix seconds."),
        ("due_at", 1.5, "Must be Unix seconds."),
    ],
)
def test_a_wrong_field_is_rejected_in_the_legacy_shape(core, name, value, message):
    before = core.data("/actions/19000")

    answer = core.patch(19000, {name: value, "state": 2} | {name: value})

    assert answer.status == 422
    assert orjson.loads(answer.body) == {
        "message": "The given data was invalid.",
        "errors": {name: [message]},
        "status_code": 422,
    }
    assert core.data("/actions/19000") == before


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[]", b"null"])
def test_a_body_that_is_no_object_is_a_400(core, body):
    answer = core.patch(19000, body)

    assert answer.status == 400
    assert orjson.loads(answer.body)["status_code"] == 400


@pytest.mark.parametrize("action_id", ["22000", "0", "abc", "9" * 25, "²"])
def test_an_unknown_action_is_a_404(core, action_id):
    assert core.call("PATCH", f"/actions/{action_id}", {}).status == 404


def test_only_the_versioned_media_type_is_answered(core):
    assert core.patch(19000, {}, accept="application/vnd.core.v1+json").status == 200
    assert core.patch(19000, {}, accept="application/json").status == 406
    assert core.patch(19000, {}, content_type="text/plain").status == 415


def test_unknown_paths_and_methods_have_the_legacy_shape(core):
    unknown, wrong = core.call("GET", "/nothing"), core.call("DELETE", "/actions/19000")

    assert (unknown.status, wrong.status) == (404, 405)
    assert ("Allow", "PATCH, GET") in wrong.headers
    assert orjson.loads(wrong.body)["status_code"] == 405


def test_a_bearer_is_asked_for_when_told_to(make_core):
    core = make_core(needs_bearer=True)

    assert core.patch(19000, {}).status == 401
    assert core.patch(19000, {}, authorization="Basic eA==").status == 401
    assert core.patch(19000, {}, authorization="Bearer x").status == 200


def test_a_repeated_key_gets_the_same_answer_and_is_applied_once(core):
    first = core.patch(19000, {"state": 9}, idempotency_key="k-1")
    core.patch(19000, {"state": 2}, idempotency_key="k-2")

    again = core.patch(19000, {"state": 9}, idempotency_key="k-1")

    assert (again.status, again.body) == (200, first.body)
    assert core.data("/actions/19000")["state"] == 2
    assert core.counts()["applied"] == 2
    assert core.counts()["replayed"] == 1


def test_a_key_used_for_another_call_is_refused(core):
    core.patch(19000, {"state": 9}, idempotency_key="k-1")

    assert core.patch(19000, {"state": 2}, idempotency_key="k-1").status == 422
    assert core.patch(19001, {"state": 9}, idempotency_key="k-1").status == 422


def test_a_rejected_call_leaves_its_key_free(core):
    core.patch(19000, {"state": 5}, idempotency_key="k-1")

    assert core.patch(19000, {"state": 2}, idempotency_key="k-1").status == 200


def test_a_core_without_idempotency_applies_each_call(make_core):
    core = make_core(honours_idempotency=False)

    for _ in range(2):
        core.patch(19000, {"state": 9}, idempotency_key="k-1")

    assert core.counts()["applied"] == 2


def test_the_journal_names_every_applied_call(core):
    core.patch(19000, {"state": 9}, idempotency_key="k-1", x_request_id="r-1", x_request_timeout_ms="4900")
    core.patch(90404, {"state": 9}, idempotency_key="k-2")

    entries = core.data("/_sandbox/journal")

    assert [(entry["path"], entry["idempotency_key"]) for entry in entries] == [("/actions/19000", "k-1")]
    assert entries[0]["request_id"] == "r-1"
    assert entries[0]["timeout_ms"] == "4900"
    assert entries[0]["body"] == {"state": 9}
    assert core.data("/_sandbox/journal?after=1") == []


def test_a_reset_brings_the_seed_back(core):
    before = core.data("/actions/19000")
    core.patch(19000, {"state": 9}, idempotency_key="k-1")

    assert core.call("POST", "/_sandbox/reset").status == 200

    assert core.data("/actions/19000") == before
    assert core.data("/_sandbox/journal") == []
    assert core.counts()["total"] == 1


def test_health_is_not_counted_as_a_call(core):
    assert core.call("GET", "/healthz").status == 200
    assert core.counts()["total"] == 0


def test_the_data_outlives_the_process(make_core):
    make_core().patch(19000, {"state": 9})

    assert make_core().data("/actions/19000")["state"] == 9
