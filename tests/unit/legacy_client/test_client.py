"""What a call to the core is: its path, headers and body, and what becomes of its answer."""

from __future__ import annotations

import orjson
import pytest

from legacy_client.calls import Update
from legacy_client.errors import (
    Stopped,
    Unsendable,
)
from legacy_client.operations import (
    REPLACE_INTEGRATION_ACTION,
    UPDATE_ACTION,
    IntegrationActionReplacement,
    Operation,
    hex_digest,
    is_number,
    numeric_id,
)
from legacy_client.operations import updates as updates_of
from legacy_client.transport.memory import answer
from tests.unit.legacy_client.contexts import Core, busy, id_of, updated, updates

INTEGRATION, ACTION = "0b0a7d5e-58a5-4d83-9d3c-3f9c1a4b7a10", "7c9e6679-7425-40de-944b-e07fc1f90ae7"


def test_each_update_gets_the_action_that_the_core_returned() -> None:
    assert Core().update(3) == {i: {"id": i, "state": 2} for i in range(3)}


def test_no_updates_give_no_results() -> None:
    assert Core().update(0) == {}


def test_an_update_is_a_patch_of_the_action_with_its_fields() -> None:
    core = Core()

    [_] = core.client.send(UPDATE_ACTION, [Update.of("19353", {"title_fr": "Congé"})], core.context())

    [request] = core.transport.seen
    assert (request.method, request.url) == ("PATCH", "http://core.test/api/actions/19353")
    assert orjson.loads(request.body or b"") == {"title_fr": "Congé"}


def test_every_call_carries_the_headers_of_the_contract() -> None:
    core = Core()

    list(core.client.send(UPDATE_ACTION, updates(2), core.context(request_id="req-1", traceparent="00-abc-def-01")))

    headers = core.transport.seen[1].headers
    assert headers["Accept"] == "application/vnd.core.v1+json"
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Request-ID"] == "req-1"
    assert headers["traceparent"] == "00-abc-def-01"
    assert headers["Idempotency-Key"] == "batch-1-1"
    assert 0 < int(headers["X-Request-Timeout-Ms"]) <= 5000


def test_headers_without_a_value_are_left_out() -> None:
    core = Core()

    core.update(1)

    assert not {"X-Request-ID", "traceparent", "Authorization"} & set(core.transport.seen[0].headers)


def test_the_idempotency_key_is_the_same_over_retries() -> None:
    core = Core({0: [busy(), updated(0)]})

    core.update(1)

    assert [request.headers["Idempotency-Key"] for request in core.transport.seen] == ["batch-1-0"] * 2


def test_a_key_of_hex_digits_is_the_same_over_retries_and_in_a_resumed_batch() -> None:
    write = updates_of("/actions/{id}", is_number, spell_key=hex_digest(str.upper, 20))
    operation = Operation("PATCH", write, numeric_id)
    core = Core({0: [busy(), updated(0)]})

    for _ in range(2):
        list(core.client.send(operation, [Update.of("0", {"state": 2})], core.context()))

    # The first 20 digits of the SHA-256 of "batch-1-0".
    assert [request.headers["Idempotency-Key"] for request in core.transport.seen] == ["F5AC572CBFDE9E2E99F6"] * 3


@pytest.mark.parametrize("action_id", ["", "..", "1/2", "1?x", "%31", "1 ", "-1", "1e3", "²", "٣", "1" * 21, "1\n"])
def test_an_id_that_is_no_path_segment_is_never_sent(action_id: str) -> None:
    core = Core()

    [(_, result)] = core.client.send(UPDATE_ACTION, [Update(action_id, b"{}")], core.context())

    assert isinstance(result, Unsendable)
    assert core.transport.seen == []


@pytest.mark.parametrize("value", [object(), {1, 2}, "\ud800", 2**80, {1: "x"}], ids=lambda value: type(value).__name__)
def test_an_update_cannot_be_made_of_fields_that_json_cannot_carry(value: object) -> None:
    with pytest.raises(TypeError):
        Update.of("1", {"title_en": value})


def test_an_update_without_a_body_is_that_items_error_alone() -> None:
    core = Core()
    three = updates(3)
    three[1] = Update("1", b"")

    results = dict(core.client.send(UPDATE_ACTION, three, core.context()))

    assert isinstance(results[1], Unsendable)
    assert (results[0], results[2]) == ({"id": 0, "state": 2}, {"id": 2, "state": 2})


@pytest.mark.parametrize("header", ["request_id", "traceparent"])
def test_a_header_that_would_split_the_request_sends_nothing(header: str) -> None:
    core = Core()

    results = core.update(2, core.context(**{header: "a\r\nX-Evil: 1"}))

    assert [type(result) for result in results.values()] == [Unsendable] * 2
    assert core.transport.seen == []


def test_a_replacement_is_a_put_below_its_integration() -> None:
    core = Core()
    core.transport._answer = lambda request: updated(request.path_url.rpartition("/")[2])
    call = IntegrationActionReplacement(INTEGRATION, ACTION, {"name": "Get user"})

    result = core.client.send_one(REPLACE_INTEGRATION_ACTION, call, core.context())

    [request] = core.transport.seen
    assert result == {"id": ACTION, "state": 2}
    assert (request.method, request.path_url) == ("PUT", f"/api/integrations/{INTEGRATION}/actions/{ACTION}")
    assert request.headers["Idempotency-Key"] == f"batch-1-{ACTION}"


@pytest.mark.parametrize("ids", [("..", ACTION), (INTEGRATION, "x"), (INTEGRATION + "/", ACTION), (INTEGRATION, "")])
def test_a_replacement_with_an_id_that_is_no_uuid_is_never_sent(ids: tuple[str, str]) -> None:
    core = Core()

    result = core.client.send_one(REPLACE_INTEGRATION_ACTION, IntegrationActionReplacement(*ids, {}), core.context())

    assert isinstance(result, Unsendable)
    assert core.transport.seen == []


def test_a_replacement_is_retried_like_an_update() -> None:
    core = Core()
    answers = iter([answer(503), updated(ACTION)])
    core.transport._answer = lambda _request: next(answers)

    result = core.client.send_one(
        REPLACE_INTEGRATION_ACTION, IntegrationActionReplacement(INTEGRATION, ACTION, {}), core.context()
    )

    assert result == {"id": ACTION, "state": 2}


def test_whether_the_core_can_be_reached_is_the_transports_to_say() -> None:
    core = Core()

    assert core.client.ping() is None
    core.transport.close()
    assert isinstance(core.client.ping(), Stopped)


def test_the_ids_of_answers_may_be_large() -> None:
    core = Core()
    core.transport._answer = lambda request: updated(id_of(request))

    [(_, result)] = core.client.send(UPDATE_ACTION, [Update("18446744073709551615", b"{}")], core.context())

    assert result == {"id": 18446744073709551615, "state": 2}
