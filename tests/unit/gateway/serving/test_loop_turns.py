"""Who could go on without waiting lets a socket be read first, however many there are of its kind."""

from __future__ import annotations

import gevent
from gevent import socket

from gateway.serving.loop_turns import LoopTurns


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
