"""Bodies on a connection: their time, their framing, and those that nobody read."""

from __future__ import annotations

import socket

import pytest

from gateway.serving import loop_turns
from gateway.serving.broken_body import BrokenBody
from tests.unit.gateway.serving.pairs import HEAD, SHORT, body_of, read_elsewhere


def test_reading_nothing_of_a_body_starts_no_time(pair):
    request = pair.says(HEAD + b"Content-Length: 3\r\n\r\nabc")

    assert (request.body.read(0), body_of(request)) == (b"", b"abc")


def test_a_body_that_is_not_whole_in_time_is_a_timeout_and_ends_the_connection(make_pair):
    request = make_pair(SHORT).says(HEAD + b"Content-Length: 10\r\n\r\nabc")

    with pytest.raises(TimeoutError):
        body_of(request)
    assert request.should_close()


@pytest.mark.parametrize(
    "sent",
    [
        b"Content-Length: 10\r\n\r\nabc",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n",
    ],
    ids=["short", "cut-within-a-chunk", "no-chunk-length", "no-end-of-a-chunk"],
)
def test_a_body_whose_framing_breaks_is_broken_and_ends_the_connection(pair, sent):
    request = pair.says(HEAD + sent)
    pair.client.shutdown(socket.SHUT_WR)

    with pytest.raises(BrokenBody):
        body_of(request)
    assert request.should_close()


def test_a_chunked_body_that_was_read_leaves_the_connection_open(pair):
    request = pair.says(HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")

    assert body_of(request) == b"abc"
    assert not request.should_close()


def test_a_small_body_that_nobody_read_is_skipped(pair):
    assert not pair.says(HEAD + b"Content-Length: 3\r\n\r\nabc").should_close()
    assert body_of(pair.says(HEAD + b"Content-Length: 1\r\n\r\nx")) == b"x"


@pytest.mark.parametrize("framing", [b"Content-Length: 100000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"])
def test_a_large_or_endless_body_that_nobody_read_ends_the_connection(pair, framing):
    assert pair.says(HEAD + framing).should_close()


def test_a_client_that_waits_is_asked_for_its_body_when_that_is_read(pair):
    request = pair.says(HEAD + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    assert request.should_close()
    pair.client.sendall(b"abc")

    assert body_of(request) == b"abc"
    assert pair.client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert not request.should_close()


def test_a_body_that_is_always_there_is_read_in_slices_between_which_others_are(pair, monkeypatch):
    monkeypatch.setattr(loop_turns, "_SLICE_SECONDS", -1.0)  # each read is a slice
    told: list[str] = []
    request = pair.says(HEAD + b"Content-Length: 10000\r\n\r\n" + b"x" * 100)
    pair.client.sendall(b"x" * 9900)
    read_elsewhere(told)
    request.body.reader.read(10_000)

    assert told == ["another"]
