"""Whether the caller is still there, read off the connection's own state."""

from __future__ import annotations

import socket
import struct

import pytest

from gateway.api.disconnect import is_gone, watch
from legacy_client.deadline import Deadline


@pytest.fixture
def connected():
    """A TCP connection: the caller's end and ours."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        caller = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    with caller, ours:
        yield caller, ours


def reset(caller):
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    caller.close()


@pytest.mark.parametrize(
    "leave", [socket.socket.close, reset, lambda caller: caller.shutdown(socket.SHUT_WR)], ids=["fin", "rst", "half"]
)
def test_a_caller_that_left_is_gone_and_nothing_is_taken_from_the_stream(connected, leave):
    caller, ours = connected
    caller.sendall(b"the next request")
    assert not is_gone(ours)

    leave(caller)

    assert is_gone(ours)


def test_where_the_kernel_cannot_say_the_caller_counts_as_there():
    ours, callers = socket.socketpair()
    with ours, callers:
        assert not is_gone(ours)


def test_a_batch_is_over_before_its_first_call_if_its_caller_has_left(connected):
    caller, ours = connected
    caller.close()
    deadline = Deadline(60)

    watch({"gunicorn.socket": ours}, deadline)

    assert deadline.stopped() == "client_gone"


def test_it_looks_at_most_four_times_a_second(connected):
    caller, ours = connected
    now = [100.0]
    deadline = Deadline(60, clock=lambda: now[0])
    watch({"gunicorn.socket": ours}, deadline)
    assert deadline.stopped() is None
    caller.close()

    now[0] += 0.24
    assert deadline.stopped() is None

    now[0] += 0.01
    assert deadline.stopped() == "client_gone"


def test_under_a_server_that_shows_no_socket_nobody_is_gone():
    now = [100.0]
    deadline = Deadline(60, clock=lambda: now[0])
    watch({}, deadline)
    assert deadline.stopped() is None

    now[0] += 1
    assert deadline.stopped() is None
