"""What a connection says became of a request, for each thing that a socket can do."""

from __future__ import annotations

import ssl

import pytest
import requests

from legacy_client.deadline import Deadline
from legacy_client.errors import BadAnswer, BrokenOff, CoreError, TimedOut, Unreachable, Untrusted
from legacy_client.transport.flow import Flow
from legacy_client.transport.hub.batch import Exchange, HubBatch
from tests.doubles.line import Line

BATCH = HubBatch([], Flow(deadline=Deadline(200.0), concurrency=1), 100.0, now=0.0, run_soon=print, clock=float)
EXCHANGE = Exchange(BATCH, 0, 0.0, 100.0, requests.Request("PUT", "http://core.test/").prepare())
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
REFUSAL = ssl.SSLError(1, "alert")
REFUSAL.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"


def sent(*takes: int | OSError) -> Line:
    """A line on which a request of ten bytes is under way, to be answered by 100.0."""
    line = Line(*takes)
    line.connection.send(EXCHANGE, b"0123456789")
    return line


def kind(heard: list[object]) -> list[type]:
    return [type(result) for result in heard]


def test_an_answer_ends_a_request_and_the_connection_may_be_used_again() -> None:
    line = sent()

    [answer] = line.read(ANSWER)

    assert line.sent == b"0123456789"
    assert (line.ended_exchange, answer.content) == (EXCHANGE, b"{}")
    assert line.connection.is_reusable


def test_nothing_to_read_is_not_the_end() -> None:
    assert sent().read(BlockingIOError()) == []


def test_what_the_socket_does_not_take_is_sent_when_it_can_be() -> None:
    line = sent(4, 2)
    assert line.sent == b"0123"

    line.write()
    assert line.sent == b"012345"
    line.takes = [BlockingIOError()]
    line.write()
    line.write()

    assert line.sent == b"0123456789"
    assert line.watchers[2].is_closed
    assert kind(line.read(ANSWER)) != []
    assert line.connection.is_reusable


def test_an_answer_to_a_request_that_has_not_left_in_full_ends_the_connection() -> None:
    line = sent(4)

    [answer] = line.read(ANSWER)

    assert answer.status_code == 200
    assert not line.connection.is_reusable


def test_an_answer_is_still_heard_when_no_more_can_be_sent() -> None:
    line = sent(4, BrokenPipeError())

    line.write()
    [answer] = line.read(ANSWER)

    assert line.watchers[2].is_closed
    assert answer.status_code == 200
    assert not line.connection.is_reusable


@pytest.mark.parametrize("gives", [b"", ConnectionResetError(), REFUSAL], ids=["end", "reset", "refusal"])
def test_a_request_of_which_nothing_left_was_not_sent(gives: bytes | OSError) -> None:
    line = sent(BlockingIOError())

    assert kind(line.read(gives)) == [Unreachable]
    assert not line.connection.is_reusable


def test_an_answer_to_a_request_of_which_nothing_left_answers_nothing() -> None:
    assert kind(sent(BlockingIOError()).read(ANSWER)) == [Unreachable]


@pytest.mark.parametrize("takes", [(), (1,)], ids=["in-full", "in-part"])
@pytest.mark.parametrize(
    ("gives", "expected"),
    [
        ([b""], BrokenOff),
        ([ConnectionResetError()], BrokenOff),
        ([ANSWER[:-1], b""], BrokenOff),
        ([ANSWER[:-1], ConnectionResetError()], BrokenOff),
        ([ssl.SSLError(1, "bad record mac")], BrokenOff),
        ([REFUSAL], Untrusted),
        ([b"nonsense"], BadAnswer),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + b"x" * 101], BadAnswer),
    ],
    ids=["end", "reset", "end-midway", "reset-midway", "tls", "refusal", "nonsense", "too-large"],
)
def test_a_request_of_which_a_byte_left_may_have_been_applied(
    takes: tuple[int, ...], gives: list[bytes | OSError], expected: type[CoreError]
) -> None:
    line = sent(*takes)

    assert kind(line.read(*gives)) == [expected]
    assert not line.connection.is_reusable


def test_a_refusal_after_an_answer_is_no_longer_about_the_handshake() -> None:
    line = sent()
    line.read(ANSWER)
    line.connection.send(EXCHANGE, b"0123456789")

    assert kind(line.read(REFUSAL)) == [BrokenOff]


def test_a_connection_on_which_not_a_byte_can_leave_says_so_at_once() -> None:
    line = Line(BrokenPipeError())

    with pytest.raises(BrokenPipeError):
        line.connection.send(EXCHANGE, b"0123456789")
    assert line.heard == []


@pytest.mark.parametrize(
    ("gives", "expected"), [([b""], Unreachable), ([ConnectionResetError()], Unreachable), ([REFUSAL], Untrusted)]
)
def test_a_connection_that_ends_before_its_first_request_may_have_said_why(
    gives: list[bytes | OSError], expected: type[CoreError]
) -> None:
    assert type(Line(gives=gives).connection.last_words()) is expected


@pytest.mark.parametrize("gives", [b"", b"x", ConnectionResetError()])
def test_a_connection_at_rest_is_lost_when_anything_happens_on_it(gives: bytes | OSError) -> None:
    line = Line()

    assert line.read(gives) == ["lost"]


@pytest.mark.parametrize(
    ("gives", "expected"), [([], True), ([b""], False), ([b"x"], False), ([ConnectionResetError()], False)]
)
def test_a_connection_at_rest_is_quiet_while_nothing_is_to_be_read(
    gives: list[bytes | OSError], expected: bool
) -> None:
    assert Line(gives=gives).connection.is_quiet() is expected


@pytest.mark.parametrize(("takes", "expected"), [((), TimedOut), ((1,), TimedOut), ((BlockingIOError(),), Unreachable)])
def test_when_its_time_is_up_a_request_ends(takes: tuple[int | OSError, ...], expected: type[CoreError]) -> None:
    line = sent(*takes)

    line.connection.check(99.9)
    assert line.heard == []
    line.connection.check(100.0)

    assert kind(line.heard) == [expected]
    assert not line.connection.is_reusable


def test_an_answer_that_is_there_when_the_time_is_up_counts() -> None:
    line = sent()
    line.gives = [ANSWER]

    line.connection.check(100.0)

    assert [result.status_code for result in line.heard] == [200]


def test_half_an_answer_that_is_there_when_the_time_is_up_does_not() -> None:
    line = sent()
    line.gives = [ANSWER[:-1]]

    line.connection.check(100.0)

    assert kind(line.heard) == [TimedOut]


@pytest.mark.parametrize(("takes", "expected"), [((), BrokenOff), ((BlockingIOError(),), Unreachable)])
def test_aborting_ends_what_is_under_way(takes: tuple[OSError, ...], expected: type[CoreError]) -> None:
    line = sent(*takes)

    line.connection.abort("closed")

    assert kind(line.heard) == [expected]


def test_aborting_at_rest_does_nothing() -> None:
    line = Line()

    line.connection.abort("closed")

    assert line.heard == []


def test_closing_ends_the_watchers_and_the_socket() -> None:
    line = sent(4)

    line.connection.close()

    assert line.is_closed
    assert [watcher.is_closed for watcher in line.watchers.values()] == [True, True]


def test_a_connection_that_was_closed_is_of_no_more_use() -> None:
    line = sent()
    line.read(ANSWER)
    assert line.connection.is_reusable

    line.connection.close()

    assert not line.connection.is_reusable
