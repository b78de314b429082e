"""What becomes of a call when the core misbehaves on the wire (``faults.md`` 5.1), over every transport with sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from requests import Response

from legacy_client.errors import (
    BadAnswer,
    BrokenOff,
    CoreError,
    MayHaveBeenApplied,
    TimedOut,
    Unreachable,
)
from tests.contract.calls import call
from tests.doubles.broken_answers import BODY, BREAKS, DELAYS, HEAD, NONSENSE
from tests.doubles.fake_core import (
    FakeCore,
    action,
    answer,
    chunked,
    close,
    drip,
    reset,
    send,
    wait,
)
from tests.doubles.stages import ON_SOCKETS, id_of

if TYPE_CHECKING:
    from legacy_client.transport.base import Transport
    from tests.doubles.fake_core import Step
    from tests.doubles.gates import NotingGate

    Result = Response | CoreError

pytestmark = pytest.mark.parametrize("kind", ON_SOCKETS)


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
