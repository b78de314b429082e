"""Each way a call can fail becomes the item error that contract 3's table asks for."""

from __future__ import annotations

import json

import pytest

from gateway.batch.item_errors import ItemErrors
from gateway.batch.outcome import ItemError
from gateway.item_codes import ITEM_CODES, Applied
from legacy_client import errors as core


@pytest.mark.parametrize(
    ("error", "status", "code", "outcome", "retryable"),
    [
        (core.Unreachable(), 503, "core_unreachable", "not_sent", True),
        (core.Untrusted(), 502, "core_misconfigured", "not_sent", False),
        (core.CircuitOpen(), 503, "circuit_open", "not_sent", True),
        (core.Stopped("deadline"), 504, "deadline", "not_sent", True),
        (core.Stopped("shutting_down"), 503, "shutting_down", "not_sent", True),
        (core.Stopped("client_gone"), 503, "client_gone", "not_sent", True),
        (core.TimedOut(), 504, "core_timeout", "unknown", True),
        (core.BrokenOff(), 502, "core_broke_off", "unknown", True),
        (core.BadAnswer(), 502, "core_bad_answer", "unknown", False),
        (core.ServerFailed(500), 502, "core_error", "unknown", True),
        (core.ServerFailed(500, atomic=True), 502, "core_error", "not_applied", True),
        (core.Busy(429), 503, "core_busy", "not_applied", True),
        (core.Busy(503), 503, "core_busy", "not_applied", True),
        (core.Locked(200), 503, "core_busy", "not_applied", True),
        (core.NotFound(404), 404, "not_found", "not_applied", False),
        (core.Conflict(409), 409, "conflict", "not_applied", False),
        (core.Rejected(400), 400, "rejected", "not_applied", False),
        (core.Rejected(422), 422, "rejected", "not_applied", False),
        # Of a core that answers 200 to everything.
        (core.Rejected(200), 422, "rejected", "not_applied", False),
        (core.AccessDenied(401), 502, "core_misconfigured", "not_applied", False),
        (core.AccessDenied(403), 502, "core_misconfigured", "not_applied", False),
    ],
)
def test_each_failure_has_its_item_error(error, status, code, outcome, retryable):
    shown = ItemErrors("action", dict).from_core(error, "19353").body(0, "actionId", "19353")

    assert (shown["status"], shown["code"], shown["outcome"], shown["retryable"]) == (status, code, outcome, retryable)
    assert "19353" in shown["detail"]
    assert code in ITEM_CODES


@pytest.mark.parametrize(
    ("status", "detail"),
    [
        (423, "Action 19353 is locked in the core; it was not updated."),
        (429, "The core was too busy to update action 19353."),
        (503, "The core was too busy to update action 19353."),
    ],
)
def test_an_item_that_is_locked_is_not_called_too_busy(status, detail):
    assert ItemErrors("action", dict).from_core(core.Busy(status), "19353").detail == detail


def test_the_cores_wait_is_shown_in_whole_seconds():
    assert ItemErrors("action", dict).from_core(core.Busy(429, retry_after=1.2), "1").retry_after == 2


def test_the_cores_messages_are_renamed_and_its_own_text_is_not_shown():
    error = core.Rejected(422, message="row 7 of table actions", errors={"due_at": ["in the past"]})

    shown = ItemErrors("action", lambda errors: {"due_date": errors["due_at"]}).from_core(error, "1")

    assert shown.errors == {"due_date": ["in the past"]}
    assert "row 7" not in str(shown)


@pytest.mark.parametrize(
    "refusal",
    [core.Rejected(422, message="The period is closed."), core.Conflict(409, message="The period is closed.")],
)
def test_what_the_core_says_of_no_field_is_shown_as_its_message(refusal):
    error = ItemErrors("action", dict).from_core(refusal, "1")

    assert error.body(0, "actionId", "1")["message"] == "The period is closed."
    assert ItemError.restored(json.loads(json.dumps(error.stored()))) == error


@pytest.mark.parametrize(
    "refusal",
    [
        core.AccessDenied(401, message="key 123"),
        core.NotFound(404, message="no row in actions"),
        core.Busy(429, message="node 3"),
        core.Rejected(422),
    ],
    ids=["misconfigured", "not found", "busy", "no words"],
)
def test_other_words_of_the_core_are_not_shown(refusal):
    assert "message" not in ItemErrors("action", dict).from_core(refusal, "1").body(0, "actionId", "1")


def test_an_error_that_was_kept_before_there_were_messages_is_restored():
    stored = ItemErrors("action", dict).from_core(core.Rejected(422), "1").stored()
    del stored["message"]

    assert ItemError.restored(stored).message == ""


def test_a_fault_of_our_own_is_told():
    assert ItemErrors("action", dict).internal("1", Applied.NOT_SENT).code == "internal_error"


def test_only_what_is_certain_and_cannot_be_helped_is_final():
    finals = {
        type(error).__name__
        for error in (core.NotFound(404), core.Rejected(400), core.Busy(429), core.TimedOut(), core.Stopped("deadline"))
        if ItemErrors("action", dict).from_core(error, "1").is_final
    }

    assert finals == {"NotFound", "Rejected"}
