"""What becomes of a call when the core misbehaves on the wire (``faults.md`` 5.1), over every transport with sockets."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from requests import Response

from legacy_client.deadline import Deadline
from legacy_client.errors import (
    BadAnswer,
    BrokenOff,
    CoreError,
    MayHaveBeenApplied,
    TimedOut,
    Unreachable,
)
from legacy_client.transport.base import Flow, Limits
from tests.doubles.broken_answers import BODY, BREAKS, DELAYS, HEAD, NONSENSE
from tests.doubles.core_parts import some_limits
from tests.doubles.fake_core import (
    FakeCore,
    action,
    answer,
    black_hole,
    chunked,
    close,
    drip,
    hang,
    refusing,
    reset,
    send,
    wait,
    wait_for,
)
from tests.doubles.gates import NotingGate
from tests.doubles.stages import ON_SOCKETS, connect, id_of, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from legacy_client.transport.base import Transport
    from tests.doubles.fake_core import Step

    Result = Response | CoreError

pytestmark = pytest.mark.parametrize("kind", ON_SOCKETS)

LIMITS = some_limits(attempt_seconds=10.0, max_answer_bytes=100_000)


@pytest.fixture
def core() -> Iterator[FakeCore]:
    with FakeCore() as opened:
        yield opened


@pytest.fixture
def gate() -> NotingGate:
    return NotingGate()


@pytest.fixture
def open_transport(kind: str, gate: NotingGate) -> Iterator[Callable[..., Transport]]:
    with contextlib.ExitStack() as stack:

        def opened(url: str, limits: Limits = LIMITS) -> Transport:
            return stack.enter_context(contextlib.closing(connect(kind, url, gate, limits)))

        yield opened


@pytest.fixture
def transport(core: FakeCore, open_transport: Callable[..., Transport]) -> Transport:
    return open_transport(core.url)


def flow(**more: object) -> Flow:
    return Flow(**{"deadline": Deadline(30.0), "concurrency": 8, **more})


def call(transport: Transport, url: str, action_id: int = 1, seconds: float = 10.0) -> Result:
    [(_, result)] = transport.send_many(prepare(url, [action_id]), flow(item_seconds=seconds))
    return result


def named(scripts: dict[str, tuple[Step, ...]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("script", scripts.values(), ids=[name.replace(" ", "-") for name in scripts])


@named(BREAKS)
def test_a_connection_that_breaks_leaves_the_call_uncertain(
    core: FakeCore, transport: Transport, script: tuple[Step, ...]
) -> None:
    core.script("/actions/1", script)

    assert type(call(transport, core.url)) is BrokenOff
    assert len(core.requests) == 1


@named(NONSENSE)
def test_an_answer_that_makes_no_sense_is_a_bad_answer(
    core: FakeCore, transport: Transport, script: tuple[Step, ...]
) -> None:
    core.script("/actions/1", script)

    assert type(call(transport, core.url)) is BadAnswer
    assert len(core.requests) == 1


@named(DELAYS)
def test_an_attempt_ends_in_time_whatever_the_core_drips(
    core: FakeCore, transport: Transport, script: tuple[Step, ...]
) -> None:
    core.script("/actions/1", script)

    assert type(call(transport, core.url, seconds=0.3)) is TimedOut
    assert len(core.requests) == 1


@named({**BREAKS, **NONSENSE, **DELAYS})
def test_the_next_call_after_a_fault_gets_its_own_answer(
    core: FakeCore, transport: Transport, gate: NotingGate, script: tuple[Step, ...]
) -> None:
    core.script("/actions/1", script)
    call(transport, core.url, seconds=0.3)

    assert id_of(call(transport, core.url, 2)) == 2
    assert gate.in_flight == 0


@pytest.mark.parametrize("step", [reset(), close()], ids=["reset", "end-of-stream"])
def test_a_connection_that_breaks_before_the_request_is_read_is_never_taken_for_an_answer(
    core: FakeCore, transport: Transport, step: Step
) -> None:
    core.on_accept = (step,)

    # It may break before our first byte leaves, or after.
    assert isinstance(call(transport, core.url), Unreachable | BrokenOff)


def test_a_length_that_is_no_number_leaves_the_call_uncertain(core: FakeCore, transport: Transport) -> None:
    core.script("/actions/1", (send(HEAD + b"Content-Length: many\r\n\r\n" + BODY),))

    assert isinstance(call(transport, core.url, seconds=0.3), MayHaveBeenApplied)


@pytest.mark.parametrize(
    "script",
    [
        (send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"), action()),
        (send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"), action()),
        (send(chunked(b'{"data":', b'{"id":1}}')),),
        (send(chunked(BODY, last=b"0\r\nX-Trailer: 1\r\n\r\n")),),
        (send(chunked()[:-5] + b"11;name=value\r\n" + BODY + b"\r\n0\r\n\r\n"),),
        (drip(HEAD + b"Content-Length: 17\r\n\r\n" + BODY, 0.001),),
        (send(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + BODY), close()),
        (send(answer(200, body=BODY + b" " * (100_000 - len(BODY)))),),
        (send(answer(200, body=BODY, headers="Content-Encoding: identity\r\n")),),
        (send(answer(200, body=BODY, headers="Content-Encoding: Identity\r\n")),),
        (send(HEAD + b"Content-Length: 17\r\nContent-Length: 17\r\n\r\n" + BODY),),
        (send(HEAD + b"Content-Type: application/json\r\nContent-Length: 17\r\n\r\n" + BODY),),
        (send(chunked()[:-5] + b"11  \r\n" + BODY + b"\r\n0 \r\n\r\n"),),
        (send(chunked()[:-5] + b"11\t ;name=value\r\n" + BODY + b"\r\n0\r\n\r\n"),),
        (send(HEAD + b"Content-Length: 17\r\nContent-Length: 017\r\n\r\n" + BODY),),
        (send(HEAD + b"Content-Length: 17, 017\r\n\r\n" + BODY),),
        (send(HEAD + b"X-Folded: a\r\n\tb\r\nContent-Length: 17\r\n\r\n" + BODY),),
    ],
    ids=[
        "103",
        "100-and-102",
        "chunks",
        "trailers",
        "chunk-extension",
        "slow",
        "http-1.0",
        "at-the-limit",
        "identity",
        "identity-in-other-case",
        "a-length-twice",
        "two-types",
        "padded-chunk-sizes",
        "blanks-before-a-chunk-extension",
        "a-length-twice-with-a-zero",
        "a-length-listed-twice-with-a-zero",
        "a-folded-line",
    ],
)
def test_unusual_but_valid_answers_are_read(core: FakeCore, transport: Transport, script: tuple[Step, ...]) -> None:
    core.script("/actions/1", script)

    assert id_of(call(transport, core.url)) == 1


@pytest.mark.parametrize("status", [200, 201, 202, 400, 401, 403, 404, 409, 412, 422, 429, 500, 502, 503, 504])
def test_any_status_is_an_answer(core: FakeCore, transport: Transport, status: int) -> None:
    core.script("/actions/1", (send(answer(status, {"message": "so"}, headers="Retry-After: 7\r\n")),))

    result = call(transport, core.url)

    assert isinstance(result, Response)
    assert (result.status_code, result.json()) == (status, {"message": "so"})
    assert result.headers.get("Retry-After") == result.headers["retry-after"] == "7"
    assert result.headers.get("Content-Type") == "application/json"


def test_an_answer_without_a_body_ends_with_its_head(core: FakeCore, transport: Transport) -> None:
    core.default = (send(answer(204)),)

    results = [call(transport, core.url), call(transport, core.url)]

    assert [(result.status_code, result.content) for result in results if isinstance(result, Response)] == [
        (204, b"")
    ] * 2
    assert core.connections == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(core: FakeCore, transport: Transport, status: int) -> None:
    with FakeCore() as elsewhere:
        core.script("/actions/1", (send(answer(status, headers=f"Location: {elsewhere.url}\r\n")),))

        result = call(transport, core.url)

        assert isinstance(result, Response)
        assert result.status_code == status
        assert elsewhere.connections == 0


def test_an_early_refusal_of_a_large_request_is_read(core: FakeCore, transport: Transport) -> None:
    core.on_accept = (send(answer(413, {"message": "too large"})), wait(0.3))

    result = call(transport, core.url)

    assert isinstance(result, Response)
    assert result.status_code == 413


def test_cookies_are_not_kept(core: FakeCore, transport: Transport) -> None:
    core.default = (send(answer(200, {}, headers="Set-Cookie: who=another; Path=/\r\n")),)

    call(transport, core.url)
    call(transport, core.url)

    assert ["cookie" in request.headers for request in core.requests] == [False, False]


def test_a_connection_is_used_again(core: FakeCore, transport: Transport) -> None:
    for action_id in range(5):
        assert id_of(call(transport, core.url, action_id)) == action_id

    assert core.connections == 1


def test_a_connection_that_was_idle_too_long_is_not_used_again(
    core: FakeCore, open_transport: Callable[..., Transport]
) -> None:
    transport = open_transport(core.url, some_limits(idle_seconds=0.0))

    for action_id in range(3):
        assert id_of(call(transport, core.url, action_id)) == action_id

    assert core.connections == 3


def test_a_connection_that_is_too_old_is_not_used_again(
    core: FakeCore, open_transport: Callable[..., Transport]
) -> None:
    transport = open_transport(core.url, some_limits(idle_seconds=1000.0, max_age_seconds=0.0))

    for action_id in range(3):
        assert id_of(call(transport, core.url, action_id)) == action_id

    assert core.connections == 3


def test_a_connection_that_the_core_closed_while_idle_is_not_used_again(core: FakeCore, transport: Transport) -> None:
    core.script("/actions/1", (action(), close()))
    call(transport, core.url, 1)
    core.wait_until_idle()

    assert id_of(call(transport, core.url, 2)) == 2
    assert core.connections == 2


def test_a_connection_that_the_core_announced_to_close_is_not_used_again(core: FakeCore, transport: Transport) -> None:
    core.script("/actions/1", (send(answer(200, body=BODY, headers="Connection: close\r\n")), hang()))
    call(transport, core.url, 1)

    assert id_of(call(transport, core.url, 2)) == 2
    assert core.connections == 2


def test_bytes_after_an_answer_never_answer_the_next_call(core: FakeCore, transport: Transport) -> None:
    core.script("/actions/1", (send(answer(200, body=BODY) + answer(200, body=BODY)),))
    call(transport, core.url, 1)

    assert id_of(call(transport, core.url, 2)) == 2


def test_there_are_never_more_connections_than_the_limit(
    core: FakeCore, open_transport: Callable[..., Transport]
) -> None:
    core.default = (wait(0.01), action())
    transport = open_transport(core.url, some_limits(connections=3))

    results = list(transport.send_many(prepare(core.url, range(30)), flow(concurrency=30)))

    assert len(results) == 30
    assert (core.most_in_flight, core.connections) == (3, 3)


def test_one_slow_call_does_not_hold_up_the_others(core: FakeCore, transport: Transport) -> None:
    core.script("/actions/0", (wait_for(lambda: len(core.requests) == 50), action()))

    results = [(index, id_of(result)) for index, result in transport.send_many(prepare(core.url, range(50)), flow())]

    assert sorted(results) == [(i, i) for i in range(50)]


def test_a_large_request_arrives_whole(core: FakeCore, transport: Transport) -> None:
    body = b'{"details_en":"' + b"x" * 2_000_000 + b'"}'

    [(_, result)] = transport.send_many(prepare(core.url, [1], body), flow())

    assert id_of(result) == 1
    assert core.requests[0].body == body


@pytest.mark.parametrize("callers", [("a", "b"), ("a", "a")], ids=["of-another-caller", "of-the-same-caller"])
def test_a_small_batch_does_not_wait_behind_a_large_one(
    core: FakeCore, open_transport: Callable[..., Transport], callers: Sequence[str]
) -> None:
    core.default = (wait(0.005), action())
    transport = open_transport(core.url, some_limits(connections=2))
    large = transport.send_many(prepare(core.url, range(200)), flow(caller=callers[0]))
    next(large)

    small = list(transport.send_many(prepare(core.url, [1000, 1001]), flow(caller=callers[1])))

    assert len(small) == 2
    assert len(core.requests) < 30
    assert len(list(large)) == 199


def test_a_batch_at_its_own_bound_waits_for_nobody_but_itself(core: FakeCore, transport: Transport) -> None:
    core.default = (wait(0.02), action())

    waits = [transport.backlog() for _ in transport.send_many(prepare(core.url, range(4)), flow(concurrency=1))]

    assert waits[0][0] >= 1
    assert {age for _, age in waits} == {0.0}


def test_a_refused_connection_is_certainly_not_sent(open_transport: Callable[..., Transport]) -> None:
    with refusing() as url:
        transport = open_transport(url)

        results = [call(transport, url), transport.ping()]

    reason = f"ECONNREFUSED, {url.removeprefix('http://').removesuffix('/core')}"
    assert [(type(result), result.reason) for result in results] == [(Unreachable, reason)] * 2


def test_a_core_that_drops_connections_is_given_up_in_time_and_certainly_not_sent(
    open_transport: Callable[..., Transport],
) -> None:
    with black_hole() as url:
        transport = open_transport(url, some_limits(connect_seconds=0.2, attempt_seconds=60.0))

        result = call(transport, url)

        assert (type(result), result.cut_short) == (Unreachable, False)
        assert type(transport.ping()) is Unreachable


def test_the_deadline_ends_connecting_too(open_transport: Callable[..., Transport]) -> None:
    with black_hole() as url:
        transport = open_transport(url, some_limits(connect_seconds=60.0, attempt_seconds=60.0))

        [(_, result)] = transport.send_many(prepare(url, [1]), flow(deadline=Deadline(0.2)))

        assert (type(result), result.cut_short) == (Unreachable, True)


def test_a_core_that_closes_after_each_answer_without_a_word_loses_nothing(
    core: FakeCore, open_transport: Callable[..., Transport]
) -> None:
    core.default = (action(), close())
    transport = open_transport(core.url, some_limits(connections=16))

    results = [
        result
        for batch in range(10)
        for _, result in transport.send_many(prepare(core.url, range(batch * 50, batch * 50 + 50)), flow(concurrency=8))
    ]

    assert Counter(type(result).__name__ for result in results if isinstance(result, CoreError)) == {}
    assert len(results) == len(core.requests) == 500


def test_a_core_that_begins_to_close_after_each_answer_gets_new_connections_until_it_keeps_them_again(
    core: FakeCore, open_transport: Callable[..., Transport]
) -> None:
    transport = open_transport(core.url, some_limits(connections=4))
    for action_id in range(3):
        call(transport, core.url, action_id)
    core.default = (action(), close())
    call(transport, core.url, 3)
    core.wait_until_idle()

    results = [call(transport, core.url, action_id) for action_id in range(4, 24)]

    assert [id_of(result) for result in results] == list(range(4, 24))
    assert core.connections == 21
