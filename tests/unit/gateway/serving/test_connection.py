"""One client's connection, over a pair of sockets: what ends each wait, and whether the connection may go on."""

from __future__ import annotations

import math
import socket
import threading
import time

import gevent
import pytest
from gunicorn.http.errors import InvalidHeader, LimitRequestHeaders, LimitRequestLine, UnsupportedTransferCoding

from gateway.serving.client_request import HeadTimeout
from gateway.serving.plan import ClientTimeouts
from tests.unit.gateway.serving.pairs import HEAD, SHORT, body_of, read_elsewhere


def test_requests_come_one_after_another(pair):
    for number in range(3):
        request = pair.says(HEAD + b"Content-Length: 3\r\n\r\n" + b"%03d" % number)

        assert body_of(request) == b"%03d" % number
        assert not request.should_close()


def test_requests_in_a_pipeline_are_told_apart(pair):
    pair.client.sendall((HEAD + b"Content-Length: 1\r\n\r\nx") * 2)

    assert [body_of(pair.connection.next_request()) for _ in range(2)] == [b"x", b"x"]


def test_a_client_that_says_nothing_is_let_go(make_pair):
    pair = make_pair(SHORT)

    assert pair.connection.next_request() is None


def test_each_rest_may_take_the_whole_time(make_pair):
    pair = make_pair(ClientTimeouts(idle=1.5, head=10.0, body=10.0, answer=10.0))

    for _ in range(2):
        gevent.spawn_later(1.0, pair.client.sendall, HEAD + b"Content-Length: 0\r\n\r\n")
        assert pair.connection.next_request() is not None
    assert pair.connection.next_request() is None


def test_a_client_that_leaves_has_no_next_request(pair):
    pair.client.close()

    assert pair.connection.next_request() is None


def test_a_client_that_leaves_within_a_head_has_none_either(pair):
    pair.client.sendall(HEAD)
    pair.client.shutdown(socket.SHUT_WR)

    assert pair.connection.next_request() is None


def test_a_head_that_is_not_whole_in_time_is_a_timeout(make_pair):
    with pytest.raises(HeadTimeout):
        make_pair(SHORT).says(HEAD)


def test_dripping_does_not_prolong_the_time_of_a_head(make_pair):
    pair = make_pair(ClientTimeouts(idle=10.0, head=0.2, body=10.0, answer=10.0))
    ending = threading.Event()

    def drip():
        while not ending.wait(0.02):
            pair.client.sendall(b"X")

    dripping = threading.Thread(target=drip)
    pair.client.sendall(b"GET /")
    dripping.start()
    began = time.monotonic()
    with pytest.raises(HeadTimeout):
        pair.connection.next_request()
    waited = time.monotonic() - began
    ending.set()
    dripping.join(10)

    assert 0.15 < waited < 5.0


def test_what_comes_after_its_time_is_not_read(pair):
    request = pair.says(HEAD + b"Content-Length: 10\r\n\r\nabc")
    request.body.reader.read(3)
    pair.connection._reader.allow(0.0)

    with pytest.raises(TimeoutError):
        request.body.reader.read(7)


@pytest.mark.parametrize("line", [b"GET / HTTP/1.1\r\n", b"\r\nGET / HTTP/1.1\r\n"])
@pytest.mark.parametrize("fields", [b"Host: h\r\nA: b\r\n\r\n", b"Host: h\r\n\r\n"])
def test_a_head_may_come_in_any_pieces(make_pair, line, fields):
    for size in range(1, 8):
        pair = make_pair()
        whole = line + fields
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        pair.hears_in_pieces(pieces)

        assert pair.connection.next_request().headers[0] == ("HOST", "h")


def test_a_head_without_a_field_may_come_in_any_pieces(make_pair):
    pair = make_pair()
    pair.hears_in_pieces([b"GET / HTTP/1.0\r\n", b"\r", b"\n"])

    assert pair.connection.next_request().headers == []


@pytest.mark.parametrize("feed", [[b"A: b\n"], [b"A: b", b"\n"]], ids=["at once", "apart"])
def test_a_bare_line_feed_is_refused_before_the_head_is_whole(make_pair, feed):
    pair = make_pair()
    pair.hears_in_pieces([HEAD, *feed])

    with pytest.raises(InvalidHeader):
        pair.connection.next_request()


@pytest.mark.parametrize("piece", [b"a" * 4000, b"a: " + b"b" * 3995 + b"\r\n"], ids=["one field", "many fields"])
def test_a_head_of_more_than_64_kib_is_refused_before_it_is_whole(make_pair, piece):
    pair = make_pair()
    pair.hears_in_pieces([HEAD, b"A: ", *[piece] * 30])

    with pytest.raises(LimitRequestHeaders):
        pair.connection.next_request()


def test_a_head_of_64_kib_is_taken(make_pair):
    pair = make_pair()
    pair.hears_in_pieces([HEAD, *[b"A: " + b"b" * 8000 + b"\r\n"] * 8, b"Content-Length: 3\r\n\r\nabc"])

    assert body_of(pair.connection.next_request()) == b"abc"


def test_without_a_host_it_is_no_request(pair):
    with pytest.raises(InvalidHeader):
        pair.says(b"GET / HTTP/1.1\r\n\r\n")


def test_http_1_0_needs_none(pair):
    assert pair.says(b"GET / HTTP/1.0\r\n\r\n").should_close()


@pytest.mark.parametrize(
    "asked",
    [
        b"Connection: close\r\n",
        b"Connection: close, TE\r\n",
        b"Connection: TE,\tCLOSE \r\n",
        b"Connection: TE\r\nConnection: close\r\n",
        b"Connection: keep-alive\r\nConnection: close\r\n",
    ],
)
def test_who_asks_to_close_among_other_options_is_heard(pair, asked):
    assert pair.says(HEAD + asked + b"\r\n").should_close()


@pytest.mark.parametrize("asked", [b"", b"TE", b"x-close", b"close-x", b"keep-alive, TE"])
def test_who_does_not_goes_on(pair, asked):
    assert not pair.says(HEAD + b"Connection: " + asked + b"\r\n\r\n").should_close()


def test_what_the_parser_refuses_comes_through(pair):
    with pytest.raises(LimitRequestLine):
        pair.says(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: h\r\n\r\n")


def test_a_transfer_coding_beside_chunked_is_refused(pair):
    with pytest.raises(UnsupportedTransferCoding):
        pair.says(HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n")


def test_a_worker_that_stops_ends_the_connection_with_its_answer(pair):
    request = pair.says(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    pair.is_last = True

    assert request.should_close()


def test_a_client_that_was_told_to_go_on_has_one_more_request_when_the_worker_stops(pair):
    assert not pair.says(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").should_close()
    pair.is_last = True

    assert pair.says(b"GET /more HTTP/1.1\r\nHost: h\r\n\r\n").should_close()


def test_a_connection_at_rest_is_let_go(pair):
    resting = gevent.spawn(pair.connection.next_request)
    gevent.sleep(0)
    assert math.isfinite(pair.connection.resting_since)

    pair.connection.let_go()

    assert resting.get(timeout=10) is None
    assert pair.connection.resting_since == math.inf


def test_a_request_that_has_begun_to_arrive_is_not_let_go(pair):
    pair.client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    pair.connection.resting_since = 0.0

    pair.connection.let_go()

    assert pair.connection.next_request() is not None


def test_a_client_that_still_sends_gets_to_read_its_answer(pair):
    pair.says(HEAD + b"Content-Length: 300000\r\n\r\n" + b"x" * 1000)
    sending = threading.Thread(target=lambda: pair.client.sendall(b"x" * 299_000))
    sending.start()
    pair.server.sendall(b"answer")
    closing = threading.Thread(target=pair.connection.close)
    closing.start()
    sending.join(10)

    assert pair.client.recv(100) == b"answer"
    pair.client.shutdown(socket.SHUT_WR)
    closing.join(10)
    assert not closing.is_alive()


def test_a_reset_does_not_wait(pair):
    pair.connection.reset()

    assert pair.server.fileno() == -1


def test_a_client_that_is_ahead_of_its_answers_lets_another_be_read_before_its_next_request(pair):
    told: list[str] = []
    pair.client.sendall((HEAD + b"Content-Length: 0\r\n\r\n") * 3)
    for _ in range(3):
        pair.connection.next_request()
        told.append("ahead")
        read_elsewhere(told)
    pair.client.shutdown(socket.SHUT_WR)
    pair.connection.next_request()

    assert told == ["ahead", "another", "ahead", "another", "ahead"]


def test_a_client_that_takes_no_answers_gets_no_more_of_them(make_pair):
    pair = make_pair(ClientTimeouts(idle=10.0, head=10.0, body=10.0, answer=0.05))
    pair.says(HEAD + b"Content-Length: 0\r\n\r\n")
    pair.client.sendall(HEAD + b"\r\n")
    pair.server.sendall(b"a" * 100_000)

    with pytest.raises(TimeoutError):
        pair.connection.next_request()


@pytest.mark.parametrize("fields", [b"A: b\r\n" * 5000, b"A\r\n" * 5000], ids=["each well-formed", "none well-formed"])
def test_fields_are_counted_before_they_are_looked_at(pair, fields):
    with pytest.raises(LimitRequestHeaders):
        pair.says(HEAD + fields + b"\r\n")
