from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from legacy_client.budget import RetryBudget
from legacy_client.calls import ActionUpdate, IntegrationActionReplacement
from legacy_client.errors import (
    AccessDenied,
    BadAnswer,
    BrokenOff,
    Busy,
    CircuitOpen,
    Conflict,
    NotFound,
    Rejected,
    ServerFailed,
    Stopped,
    TimedOut,
    Unreachable,
    Unsendable,
    Untrusted,
)
from legacy_client.transport.memory import answer
from tests.unit.legacy_client.contexts import Core, id_of, updated, updates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests import Response

    from legacy_client.calls import CallContext
    from legacy_client.errors import CoreError

INTEGRATION, ACTION = "0b0a7d5e-58a5-4d83-9d3c-3f9c1a4b7a10", "7c9e6679-7425-40de-944b-e07fc1f90ae7"


def busy(retry_after: str = "0") -> Response:
    return answer(503, Retry_After=retry_after)


def test_each_update_gets_the_action_that_the_core_returned() -> None:
    assert Core().update(3) == {i: {"id": i, "state": 2} for i in range(3)}


def test_no_updates_give_no_results() -> None:
    assert Core().update(0) == {}


def test_an_update_is_a_patch_of_the_action_with_its_fields() -> None:
    core = Core()

    [_] = core.client.update_actions([ActionUpdate("19353", {"title_fr": "Congé"})], core.context())

    [request] = core.transport.seen
    assert (request.method, request.url) == ("PATCH", "http://core.test/api/actions/19353")
    assert orjson.loads(request.body or b"") == {"title_fr": "Congé"}


def test_every_call_carries_the_headers_of_the_contract() -> None:
    core = Core()

    list(core.client.update_actions(updates(2), core.context(request_id="req-1", traceparent="00-abc-def-01")))

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


@pytest.mark.parametrize("action_id", ["", "..", "1/2", "1?x", "%31", "1 ", "-1", "1e3", "²", "٣", "1" * 21, "1\n"])
def test_an_id_that_is_no_path_segment_is_never_sent(action_id: str) -> None:
    core = Core()

    [(_, result)] = core.client.update_actions([ActionUpdate(action_id, {})], core.context())

    assert isinstance(result, Unsendable)
    assert core.transport.seen == []


@pytest.mark.parametrize("value", [object(), {1, 2}, "\ud800", 2**80, {1: "x"}], ids=lambda value: type(value).__name__)
def test_fields_that_json_cannot_carry_are_that_items_error_alone(value: object) -> None:
    core = Core()
    three = updates(3)
    three[1] = ActionUpdate("1", {"title_en": value})

    results = dict(core.client.update_actions(three, core.context()))

    assert isinstance(results[1], Unsendable)
    assert (results[0], results[2]) == ({"id": 0, "state": 2}, {"id": 2, "state": 2})


@pytest.mark.parametrize("header", ["request_id", "traceparent"])
def test_a_header_that_would_split_the_request_sends_nothing(header: str) -> None:
    core = Core()

    results = core.update(2, core.context(**{header: "a\r\nX-Evil: 1"}))

    assert [type(result) for result in results.values()] == [Unsendable] * 2
    assert core.transport.seen == []


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (answer(400), Rejected),
        (answer(404), NotFound),
        (answer(409), Conflict),
        (answer(403), AccessDenied),
        (answer(500), ServerFailed),
        (answer(302), BadAnswer),
        (answer(200, b"<html>"), BadAnswer),
        (updated(8), BadAnswer),
        (TimedOut(), TimedOut),
        (BrokenOff(), BrokenOff),
        (BadAnswer(), BadAnswer),
        (CircuitOpen(), CircuitOpen),
        (Stopped("client_gone"), Stopped),
    ],
    ids=repr,
)
def test_a_final_failure_is_sent_once(result: object, kind: type[CoreError]) -> None:
    core = Core({1: [result]})

    results = core.update(3)

    assert type(results[1]) is kind
    assert results[0] == {"id": 0, "state": 2}
    assert core.attempts == {0: 1, 1: 1, 2: 1}


@pytest.mark.parametrize("failure", [answer(429), answer(503), Unreachable()], ids=repr)
def test_a_safe_failure_is_sent_again_until_it_succeeds(failure: object) -> None:
    core = Core({1: [failure, failure, updated(1)]})

    results = core.update(3)

    assert results == {i: {"id": i, "state": 2} for i in range(3)}
    assert core.attempts == {0: 1, 1: 3, 2: 1}


@pytest.mark.parametrize("failure", [TimedOut(), BrokenOff(), BadAnswer(), answer(500), answer(200, b"{")], ids=repr)
@pytest.mark.parametrize("honours", [True, False])
def test_an_uncertain_failure_is_sent_again_only_where_the_core_honours_keys(failure: object, honours: bool) -> None:
    core = Core({0: [failure, updated(0)]}, honours_idempotency=honours)

    results = core.update(1)

    assert core.attempts == {0: 2 if honours else 1}
    assert isinstance(results[0], dict) is honours


def test_a_server_error_is_sent_again_where_the_core_is_atomic() -> None:
    core = Core({0: [answer(500), updated(0)]}, atomic_errors=True)

    assert core.update(1) == {0: {"id": 0, "state": 2}}


def test_there_are_no_more_attempts_than_allowed() -> None:
    core = Core({0: [answer(503)]}, attempts=4)

    results = core.update(1)

    assert isinstance(results[0], Busy)
    assert core.attempts == {0: 4}
    assert len(core.waited) == 3


def test_one_attempt_means_no_retries() -> None:
    core = Core({0: [answer(503)]}, attempts=1)

    core.update(1)

    assert (core.attempts, core.waited) == ({0: 1}, [])


def test_an_unknown_result_stays_unknown_when_the_retry_is_turned_away() -> None:
    core = Core({0: [TimedOut(), answer(503)]}, honours_idempotency=True)

    results = core.update(1)

    assert isinstance(results[0], TimedOut)


def test_the_budget_bounds_what_is_sent_again() -> None:
    core = Core({i: [answer(503), updated(i)] for i in range(100)}, budget=RetryBudget(ratio=0.1, floor=0))

    results = core.update(100)

    assert [index for index, result in sorted(results.items()) if isinstance(result, dict)] == list(range(10))
    assert sum(core.attempts.values()) == 110


def test_a_full_outage_is_not_multiplied() -> None:
    core = Core({i: [Unreachable()] for i in range(1000)}, budget=RetryBudget(ratio=0.1, floor=3))

    core.update(1000)

    assert sum(core.attempts.values()) == 1100


def test_what_was_never_sent_earns_no_retries() -> None:
    script = {i: [CircuitOpen()] for i in range(90)} | {i: [answer(503)] for i in range(90, 100)}
    core = Core(script, budget=RetryBudget(ratio=0.1, floor=0))

    core.update(100)

    assert sum(core.attempts[i] for i in range(90, 100)) == 11


def test_retry_after_is_waited_for_once_by_all_of_the_round() -> None:
    script = {i: [busy(str(i)), updated(i)] for i in range(4)}
    core = Core(script)

    core.update(4)

    [waited] = core.waited
    assert 3.0 <= waited <= 3.05


def test_an_item_that_must_wait_longer_than_there_is_time_ends_at_once() -> None:
    script = {0: [busy("3600")], 1: [busy("1"), updated(1)]}
    core = Core(script)
    results = core.client.update_actions(updates(2), core.context())

    (first, error), waited_by_then = next(results), list(core.waited)

    assert (first, waited_by_then) == (0, [])
    assert isinstance(error, Busy)
    assert error.retry_after == 3600.0
    assert list(results) == [(1, {"id": 1, "state": 2})]


def test_the_wait_leaves_time_to_send() -> None:
    core = Core({0: [busy("2")]})

    results = core.update(1, core.context(seconds=2.0))

    assert isinstance(results[0], Busy)
    assert core.waited == []


def test_no_wait_is_begun_whose_jitter_leaves_no_time() -> None:
    core = Core({0: [busy("1")]}, base_seconds=1.0)

    results = core.update(1, core.context(seconds=1.000001))

    assert isinstance(results[0], Busy)
    assert core.waited == []


def test_what_is_final_is_yielded_before_the_retries() -> None:
    core = Core({0: [busy("1"), updated(0)]})
    order = []

    for index, _ in core.client.update_actions(updates(3), core.context()):
        order.append((index, core.attempts.get(0)))

    assert order == [(1, 1), (2, 1), (0, 2)]


def test_a_cancel_while_waiting_ends_the_batch_with_what_is_known() -> None:
    core = Core({0: [busy("1"), updated(0)], 1: [Unreachable()]})
    core.on_pause = lambda deadline: deadline.cancel("client_gone")

    results = core.update(2)

    assert [type(results[i]) for i in range(2)] == [Busy, Unreachable]
    assert core.attempts == {0: 1, 1: 1}


def test_a_cancel_before_the_start_sends_nothing() -> None:
    core = Core()
    context = core.context()
    context.deadline.cancel("shutting_down")

    results = core.update(3, context)

    assert [result.reason for result in results.values() if isinstance(result, Stopped)] == ["shutting_down"] * 3


def test_an_attempt_gets_no_more_time_than_its_item_has_left() -> None:
    core = Core(latency=lambda _request: 4.0, honours_idempotency=True, item_seconds=6.0, base_seconds=0.0)
    core.script = {0: [answer(500)]}

    results = core.update(1)

    milliseconds = [int(request.headers["X-Request-Timeout-Ms"]) for request in core.transport.seen]
    assert milliseconds == [5000, 2000]
    assert isinstance(results[0], TimedOut)


def test_the_waits_count_against_the_time_of_the_item() -> None:
    core = Core({0: [busy("4")]}, item_seconds=10.0, base_seconds=0.0)

    core.update(1)

    assert core.waited == [4.0, 4.0]
    assert core.attempts == {0: 3}


def test_the_time_of_an_item_ends_its_retries() -> None:
    core = Core({0: [busy("4")]}, item_seconds=7.0, base_seconds=0.0)

    core.update(1)

    assert (core.waited, core.attempts) == ([4.0], {0: 2})


def test_time_spent_waiting_for_a_turn_is_not_the_items() -> None:
    core = Core(latency=lambda _request: 1.0, item_seconds=5.0, base_seconds=0.0, attempt_seconds=1.0)
    core.script = {0: [answer(503), updated(0)]}

    results = core.update(20, core.context(concurrency=1))

    assert results[0] == {"id": 0, "state": 2}


def test_before_send_hears_the_index_of_each_attempt() -> None:
    core = Core({1: [answer(503), updated(1)]})
    heard: list[int] = []
    three = updates(4)
    three[0] = ActionUpdate("..", {})

    list(core.client.update_actions(three, core.context(before_send=heard.append)))

    assert heard == [1, 2, 3, 1]


def test_closing_the_results_early_sends_nothing_new() -> None:
    core = Core({0: [answer(503)]})
    results = core.client.update_actions(updates(100), core.context(concurrency=1))

    next(results)
    results.close()

    assert len(core.transport.seen) < 5
    assert core.waited == []


class Renewable:
    """Credentials that note when they are refused, and may have better ones then."""

    def __init__(self, renews: bool) -> None:
        self._renews = renews
        self.token = 1
        self.refused_with: list[Mapping[str, str]] = []

    def headers(self, context: CallContext) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def refused(self, headers: Mapping[str, str]) -> bool:
        self.refused_with.append(headers)
        self.token += self._renews
        return self._renews


def test_after_a_401_the_credentials_are_renewed_once_for_the_batch() -> None:
    credentials = Renewable(renews=True)
    core = Core({i: [answer(401), updated(i)] for i in range(5)}, credentials=credentials, budget=RetryBudget(floor=0))

    results = core.update(10)

    assert all(isinstance(result, dict) for result in results.values())
    assert credentials.refused_with == [{"Authorization": "Bearer 1"}]
    assert {request.headers["Authorization"] for request in core.transport.seen[10:]} == {"Bearer 2"}


def test_a_second_401_is_final() -> None:
    credentials = Renewable(renews=True)
    core = Core({0: [answer(401)]}, credentials=credentials, attempts=5)

    results = core.update(1)

    assert isinstance(results[0], AccessDenied)
    assert (core.attempts, len(credentials.refused_with)) == ({0: 2}, 1)


@pytest.mark.parametrize("status", [401, 403])
def test_without_better_credentials_a_refusal_is_final(status: int) -> None:
    core = Core({0: [answer(status)]}, credentials=Renewable(renews=False))

    core.update(1)

    assert core.attempts == {0: 1}


def test_a_403_does_not_renew_the_credentials() -> None:
    credentials = Renewable(renews=True)

    Core({0: [answer(403)]}, credentials=credentials).update(1)

    assert credentials.refused_with == []


@pytest.mark.parametrize("failure", [answer(401), answer(403), Untrusted()], ids=repr)
def test_a_fault_of_configuration_is_logged_once_for_the_batch(
    failure: object, caplog: pytest.LogCaptureFixture
) -> None:
    Core({i: [failure] for i in range(5)}).update(10)

    assert [record.message for record in caplog.records] == ["core_misconfigured"]


def test_without_credentials_nothing_is_sent() -> None:
    class None_(Renewable):  # noqa: N801 -- the name says it
        def headers(self, context: CallContext) -> Mapping[str, str]:
            raise Unreachable("no credentials", retry_after=1.0)

    core = Core(credentials=None_(renews=False))

    results = core.update(2)

    assert [type(result) for result in results.values()] == [Unreachable] * 2
    assert core.transport.seen == []
    assert len(core.waited) == 2


def test_a_replacement_is_a_put_below_its_integration() -> None:
    core = Core()
    core.transport._answer = lambda request: updated(request.path_url.rpartition("/")[2])
    call = IntegrationActionReplacement(INTEGRATION, ACTION, {"name": "Get user"})

    result = core.client.replace_integration_action(call, core.context())

    [request] = core.transport.seen
    assert result == {"id": ACTION, "state": 2}
    assert (request.method, request.path_url) == ("PUT", f"/api/integrations/{INTEGRATION}/actions/{ACTION}")
    assert request.headers["Idempotency-Key"] == f"batch-1-{ACTION}"


@pytest.mark.parametrize("ids", [("..", ACTION), (INTEGRATION, "x"), (INTEGRATION + "/", ACTION), (INTEGRATION, "")])
def test_a_replacement_with_an_id_that_is_no_uuid_is_never_sent(ids: tuple[str, str]) -> None:
    core = Core()

    result = core.client.replace_integration_action(IntegrationActionReplacement(*ids, {}), core.context())

    assert isinstance(result, Unsendable)
    assert core.transport.seen == []


def test_a_replacement_is_retried_like_an_update() -> None:
    core = Core()
    answers = iter([answer(503), updated(ACTION)])
    core.transport._answer = lambda _request: next(answers)

    result = core.client.replace_integration_action(
        IntegrationActionReplacement(INTEGRATION, ACTION, {}), core.context()
    )

    assert result == {"id": ACTION, "state": 2}


def test_what_waits_and_whether_the_core_can_be_reached_are_the_transports_to_say() -> None:
    core = Core()

    assert (core.client.waiting(), core.client.ping()) == ((0, 0.0), None)
    core.client.close()
    assert isinstance(core.client.ping(), Stopped)


def test_the_ids_of_answers_may_be_large() -> None:
    core = Core()
    core.transport._answer = lambda request: updated(id_of(request))

    [(_, result)] = core.client.update_actions([ActionUpdate("18446744073709551615", {})], core.context())

    assert result == {"id": 18446744073709551615, "state": 2}
