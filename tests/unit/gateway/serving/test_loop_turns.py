"""Who could go on without waiting lets a socket be read first, however many there are of its kind."""

from __future__ import annotations

import gevent
import pytest
from gevent import socket

from gateway.serving.loop_turns import LoopTurns
from tests.doubles.clocks import FakeClock


def busy(turns: LoopTurns, told: list[str], name: str) -> None:
    for _ in range(10):
        told.append(name)
        turns.wait()


def test_one_goes_on_in_a_turn_of_the_loop_and_sockets_are_looked_at_between():
    turns, told = LoopTurns(), []
    near, far = socket.socketpair()

    def read() -> None:
        near.recv(1)
        told.append("r")

    reading = gevent.spawn(read)
    gevent.sleep(0)
    far.sendall(b"x")
    gevent.joinall([reading, *(gevent.spawn(busy, turns, told, name) for name in "abc")], raise_error=True)
    near.close()
    far.close()

    assert "".join(told) == "abc" + "r" + "abc" * 9


def test_who_is_ended_in_the_line_holds_up_nobody_behind():
    turns, told = LoopTurns(), []
    first, second, third = (gevent.spawn(busy, turns, told, name) for name in "abc")
    gevent.sleep(0)
    second.kill()
    gevent.joinall([first, third], timeout=10, raise_error=True)

    assert (told.count("a"), told.count("b"), told.count("c")) == (10, 1, 10)


@pytest.mark.parametrize(("seconds", "turns_taken"), [(0.0, 0), (0.0019, 0), (0.002, 1), (5.0, 1)])
def test_work_waits_for_the_next_turn_when_this_one_has_lasted_a_slice(seconds: float, turns_taken: int):
    clock = FakeClock(now=0.0)
    turns = LoopTurns(clock)
    turns.let_others_run()
    began_in = turns.number

    clock.advance(seconds)
    turns.let_others_run()

    assert turns.number - began_in == turns_taken


def test_a_slice_begins_with_the_turn_and_not_with_the_work_before_it():
    clock = FakeClock(now=0.0)
    turns = LoopTurns(clock)
    turns.let_others_run()
    turns.wait()
    began_in = turns.number

    clock.advance(5.0)
    turns.let_others_run()
    clock.advance(0.001)
    turns.let_others_run()

    assert turns.number == began_in


def test_what_happens_between_the_work_of_two_does_not_count():
    clock = FakeClock(now=0.0)
    turns = LoopTurns(clock)
    began_in = turns.number

    def work() -> None:
        turns.let_others_run()
        clock.advance(5.0)

    gevent.joinall([gevent.spawn(work) for _ in range(2)], raise_error=True)

    assert turns.number == began_in


def test_all_work_of_a_turn_together_lasts_no_longer_than_a_slice():
    clock = FakeClock(now=0.0)
    turns, told = LoopTurns(clock), list[int]()

    def work() -> None:
        turns.let_others_run()
        clock.advance(0.0015)
        turns.let_others_run()
        told.append(turns.number)

    began_in = turns.number
    gevent.joinall([gevent.spawn(work) for _ in range(2)], raise_error=True)

    assert [number - began_in for number in told] == [0, 1]
