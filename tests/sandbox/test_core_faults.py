"""Faults of the core: by header, by magic id, by script, by weather."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest

from sandbox.core.errors import core_faults
from sandbox.core.magic import FAULT_OF_NUMBER

STATUSES = {
    "401": 401, "403": 403, "404": 404, "409": 409, "rejected": 422, "429": 429, "500": 500, "502": 502, "503": 503,
    "202": 202, "204": 204, "redirect": 302, "500-after": 500,
}  # fmt: skip
ENDINGS = {"hang": "hang", "reset": "reset", "vanish": "vanish", "truncate": "truncate", "drip": "drip"}


@pytest.mark.parametrize(("kind", "status"), STATUSES.items())
def test_a_fault_asked_for_by_header_gives_its_status(core, kind, status):
    assert core.patch(19000, {"state": 9}, x_sandbox_fault=kind).status == status


@pytest.mark.parametrize(("kind", "ending"), ENDINGS.items())
def test_a_fault_of_the_wire_is_told_to_the_server(core, kind, ending):
    assert core.patch(19000, {"state": 9}, x_sandbox_fault=kind).ending == ending


@pytest.mark.parametrize(("kind", "fault"), core_faults().items())
def test_a_fault_applies_the_call_or_not_as_it_says(core, kind, fault):
    core.patch(19000, {"state": 9}, x_sandbox_fault=kind)

    assert core.counts()["applied"] == int(fault.is_applied)
    assert (core.data("/actions/19000")["state"] == 9) is fault.is_applied
    assert fault.text.endswith("; nothing applied") is not fault.is_applied


@pytest.mark.parametrize(("number", "kind"), FAULT_OF_NUMBER.items())
def test_a_magic_id_always_shows_its_fault(core, number, kind):
    expected = core.patch(90_000 + number, {"state": 9}, x_sandbox_fault=kind)

    answers = [core.patch(90_000 + number, {"state": 9}, idempotency_key="k") for _ in range(2)]

    assert [(answer.status, answer.ending) for answer in answers] == [(expected.status, expected.ending)] * 2


def test_its_twin_behaves_from_the_second_try_of_each_key_on(core):
    tries = [core.patch(91_503, {"state": 9}, idempotency_key=key).status for key in "aabba"]

    assert tries == [503, 200, 503, 200, 200]


def test_an_unreadable_answer_has_been_applied_and_is_repeated_from_the_journal(core):
    first = core.patch(91_601, {"state": 9}, idempotency_key="k")
    second = core.patch(91_601, {"state": 9}, idempotency_key="k")

    with pytest.raises(ValueError, match=r"."):
        orjson.loads(first.body)
    assert orjson.loads(second.body)["data"]["state"] == 9
    assert core.counts()["applied"] == 1


def test_a_wrong_id_is_about_another_action(core):
    assert orjson.loads(core.patch(90_605, {}).body)["data"]["id"] == 90_606


def test_a_rejection_names_legacy_fields(core):
    assert set(orjson.loads(core.patch(90_422, {}).body)["errors"]) == {"due_at", "state"}


@pytest.mark.parametrize("kind", ["429", "503"])
def test_a_busy_core_says_when_to_come_back(core, kind):
    assert ("Retry-After", "1") in core.patch(19000, {}, x_sandbox_fault=kind).headers


def test_an_unknown_fault_is_a_400(core):
    assert core.patch(19000, {}, x_sandbox_fault="earthquake").status == 400


def test_a_script_gives_the_next_calls_their_faults(core):
    core.call("PUT", "/_sandbox/faults", {"19001": ["503", "ok", "reset"]})

    answers = [core.patch(19001, {}) for _ in range(4)]

    assert [answer.status for answer in answers] == [503, 200, 200, 200]
    assert [answer.ending for answer in answers] == ["keep", "keep", "reset", "keep"]


@pytest.mark.parametrize("body", [{"19001": ["earthquake"]}, {"19001": 3}, [], "x"])
def test_a_script_that_makes_no_sense_is_refused(core, body):
    assert core.call("PUT", "/_sandbox/faults", body).status == 400


def test_the_weather_spoils_about_its_share_of_calls(make_core):
    core = make_core(fault_rate=0.3, faults=["500"])

    statuses = Counter(core.patch(19000, {}).status for _ in range(300))

    assert set(statuses) == {200, 500}
    assert 60 <= statuses[500] <= 120


def test_the_weather_can_change_and_a_reset_brings_the_first_one_back(make_core):
    core = make_core(latency_ms=20)

    core.call("PUT", "/_sandbox/weather", {"faults": ["503"]})
    stormy = core.patch(19000, {})
    core.call("POST", "/_sandbox/reset")
    calm = core.patch(19000, {})

    assert (stormy.status, stormy.delay) == (503, 0)
    assert (calm.status, calm.delay) == (200, 0.02)


@pytest.mark.parametrize(
    "body", [{"faults": ["earthquake"]}, {"fault_rate": 2}, {"latency_ms": -1}, {"fault_rate": "x"}, []]
)
def test_weather_that_makes_no_sense_is_refused(core, body):
    assert core.call("PUT", "/_sandbox/weather", body).status == 400


def test_calls_are_counted_by_what_left(core):
    for kind in ("reset", "503", "hang"):
        core.patch(19000, {}, x_sandbox_fault=kind)
    core.patch(19000, {})

    counts = core.counts()

    assert counts["total"] == 4
    assert counts["by_status"] == {"reset": 1, "503": 1, "hang": 1, "200": 1}
