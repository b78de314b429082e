from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from legacy_client.errors import BrokenOff, CoreError, TimedOut, Unreachable
from legacy_client.transport.memory import VirtualClock, answer
from legacy_client.transport.sessions.attempt import Attempt, AttemptOver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from requests import Response


class Scene:
    """An attempt of 5 s (1 s to connect) at a connection, on a clock of its own."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self.near, self.far = near, far
        self.clock = VirtualClock()
        self.delivered: list[Response | CoreError] = []
        self.nudges = 0
        self.attempt = Attempt(5.0, 1.0, self.delivered.append, self._nudge, self.clock)

    def _nudge(self) -> None:
        self.nudges += 1


@pytest.fixture
def scene() -> Iterator[Scene]:
    near, far = socket.socketpair()
    with near, far:
        scene = Scene(near, far)
        yield scene
        scene.attempt.close()


def test_the_first_result_counts(scene: Scene) -> None:
    first = answer(200)

    scene.attempt.finish(first)
    scene.attempt.finish(BrokenOff())

    assert scene.delivered == [first]


def test_it_is_due_at_its_end(scene: Scene) -> None:
    assert scene.attempt.due_at() == 5.0


def test_while_connecting_it_is_due_earlier(scene: Scene) -> None:
    scene.clock.advance(2.0)
    scene.attempt.connecting()

    assert scene.attempt.due_at() == 3.0
    assert scene.nudges == 1


def test_once_it_sends_it_has_its_whole_time_again(scene: Scene) -> None:
    scene.attempt.connecting()
    scene.attempt.connected(scene.near)
    scene.attempt.sending(scene.near)

    assert scene.attempt.due_at() == 5.0


def test_it_does_not_expire_before_it_is_due(scene: Scene) -> None:
    assert scene.attempt.expire() is False
    assert scene.delivered == []


def test_time_for_connecting_over_means_that_nothing_was_sent(scene: Scene) -> None:
    scene.attempt.connecting()
    scene.clock.advance(1.0)

    assert scene.attempt.expire() is True
    assert [type(result) for result in scene.delivered] == [Unreachable]


def test_time_over_after_the_first_byte_is_uncertain(scene: Scene) -> None:
    scene.attempt.connecting()
    scene.attempt.sending(scene.near)
    scene.clock.advance(5.0)
    scene.attempt.expire()

    assert [type(result) for result in scene.delivered] == [TimedOut]


def test_only_an_attempt_that_had_less_than_its_whole_time_was_cut_short(scene: Scene) -> None:
    shorter = Attempt(2.0, 1.0, scene.delivered.append, clock=scene.clock, is_cut_short=True)
    scene.clock.advance(5.0)

    scene.attempt.expire()
    shorter.expire()

    assert [result.cut_short for result in scene.delivered] == [False, True]


def test_time_for_connecting_that_was_over_before_the_attempt_was_not_cut_short(scene: Scene) -> None:
    shorter = Attempt(2.0, 1.0, scene.delivered.append, clock=scene.clock, is_cut_short=True)
    shorter.connecting()
    scene.clock.advance(1.0)
    shorter.expire()

    assert [(type(result), result.cut_short) for result in scene.delivered] == [(Unreachable, False)]


@pytest.mark.parametrize(
    ("exc", "cut_short"), [(TimeoutError(), True), (ConnectionResetError(), False)], ids=["time", "reset"]
)
def test_a_socket_that_ran_out_of_time_with_a_shorter_attempt_was_cut_short_with_it(
    scene: Scene, exc: Exception, cut_short: bool
) -> None:
    shorter = Attempt(2.0, 1.0, scene.delivered.append, clock=scene.clock, is_cut_short=True)
    shorter.sending(scene.near)
    scene.clock.advance(2.0)
    shorter.fail(exc)
    shorter.close()

    assert [result.cut_short for result in scene.delivered] == [cut_short]


def test_expiry_cuts_the_connection(scene: Scene) -> None:
    scene.attempt.sending(scene.near)
    scene.clock.advance(5.0)

    scene.attempt.expire()

    assert scene.far.recv(1) == b""


def test_expiry_cuts_a_connection_that_is_not_ready_yet(scene: Scene) -> None:
    scene.attempt.connecting()
    scene.attempt.connected(scene.near)
    scene.clock.advance(1.0)

    scene.attempt.expire()

    assert scene.far.recv(1) == b""


def test_an_attempt_that_expired_may_not_send(scene: Scene) -> None:
    scene.attempt.connecting()
    scene.clock.advance(1.0)
    scene.attempt.expire()

    for step in (scene.attempt.connecting, lambda: scene.attempt.connected(scene.near)):
        with pytest.raises(AttemptOver):
            step()
    with pytest.raises(AttemptOver):
        scene.attempt.sending(scene.near)


def test_a_failure_before_anything_is_known_is_read_from_the_exception_alone(scene: Scene) -> None:
    scene.attempt.fail(ConnectionResetError())

    assert [type(result) for result in scene.delivered] == [BrokenOff]


def test_a_failure_while_connecting_means_that_nothing_was_sent(scene: Scene) -> None:
    scene.attempt.connecting()
    scene.attempt.fail(ConnectionResetError())

    assert [type(result) for result in scene.delivered] == [Unreachable]


def test_a_failure_after_the_first_byte_is_uncertain(scene: Scene) -> None:
    scene.attempt.connecting()
    scene.attempt.sending(scene.near)
    scene.attempt.fail(ConnectionResetError())

    assert [type(result) for result in scene.delivered] == [BrokenOff]


def test_what_fails_after_the_end_is_dropped(scene: Scene) -> None:
    scene.attempt.sending(scene.near)
    scene.clock.advance(5.0)
    scene.attempt.expire()
    scene.attempt.fail(OSError())

    assert [type(result) for result in scene.delivered] == [TimedOut]


def test_an_answered_attempt_that_comes_due_is_over_without_a_second_result(scene: Scene) -> None:
    scene.attempt.finish(answer(200))
    scene.clock.advance(5.0)

    assert scene.attempt.expire() is True
    assert len(scene.delivered) == 1
