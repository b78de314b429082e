"""Which answers leave as they are made, and how little the kernel keeps of them."""

from __future__ import annotations

import socket

import pytest

from gateway.serving.streamed import bound_unsent, is_marked, mark


def test_an_answer_is_streamed_where_the_application_says_so():
    environ, other = {}, {}
    mark(environ)

    assert is_marked(environ)
    assert not is_marked(other)


@pytest.mark.skipif(not hasattr(socket, "TCP_NOTSENT_LOWAT"), reason="this system cannot bound it")
def test_the_kernel_keeps_little_of_what_a_reader_does_not_take():
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as one:
        bound_unsent(one)

        assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == 131_072


def test_a_socket_that_knows_no_such_bound_is_left_as_it_is():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        bound_unsent(ours)
