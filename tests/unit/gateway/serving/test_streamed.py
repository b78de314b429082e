"""Which answers leave as they are made, in which sends, and how little the kernel keeps of them."""

from __future__ import annotations

import socket

import pytest

from gateway.serving.answer import Dates, ServerAnswer
from gateway.serving.streamed import KEY, bound_unsent, mark
from tests.unit.gateway.serving.test_answer import Client, Request


def test_an_answer_is_streamed_where_the_application_says_so():
    environ: dict[str, object] = {}

    marked = mark(environ)

    assert environ[KEY] is marked
    assert not marked.is_last


@pytest.mark.skipif(not hasattr(socket, "TCP_NOTSENT_LOWAT"), reason="this system cannot bound it")
def test_the_kernel_keeps_little_of_what_a_reader_does_not_take():
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as one:
        bound_unsent(one)

        assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == 131_072


def test_a_socket_that_knows_no_such_bound_is_left_as_it_is():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        bound_unsent(ours)


def pieces(*parts: bytes, room: int = 1_000_000, knows_the_last: bool = True) -> list[bytes]:
    """What each send brings after the head. ``room``: bytes that the first one may have."""
    client = Client(room)

    def application(environ, start_response):
        start_response("200 OK", [])
        marked = mark(environ)

        def given():
            for number, part in enumerate(parts, 1):
                marked.is_last = knows_the_last and number == len(parts)
                yield part

        return given()

    ServerAnswer(Request("GET", (1, 1)), client, None, Dates(lambda: 0.5)).send(application, {})
    head, _, begin = client.pieces[0].partition(b"\r\n\r\n")
    assert head.endswith(b"Transfer-Encoding: chunked")
    return [begin, *client.pieces[1:]]


def test_the_last_chunk_leaves_with_the_last_part():
    assert pieces(b"one", b"three") == [b"3\r\none\r\n", b"5\r\nthree\r\n0\r\n\r\n"]


def test_where_no_part_was_the_last_the_last_chunk_leaves_alone():
    assert pieces(b"one", knows_the_last=False) == [b"3\r\none\r\n", b"0\r\n\r\n"]


def test_a_large_part_is_not_copied():
    large = b"x" * 70_000

    assert pieces(b"one", large) == [b"3\r\none\r\n", b"11170\r\n", large, b"\r\n0\r\n\r\n"]


def test_what_the_socket_did_not_take_is_sent_in_pieces_that_each_have_the_time_of_one_answer():
    large = b"x" * 60_000

    first, *rest = pieces(large, room=150)

    assert [len(piece) for piece in rest] == [32_768, 60_013 - len(first) - 32_768]
    assert first + b"".join(rest) == b"EA60\r\n" + large + b"\r\n0\r\n\r\n"
