from __future__ import annotations

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from legacy_client.errors import BadAnswer
from legacy_client.transport.hub.known_heads import KnownHeads
from legacy_client.transport.hub.response import ResponseReader

REQUEST = requests.Request("PATCH", "http://core.test/actions/1").prepare()
OK = b"HTTP/1.1 200 OK\r\n"
JSON = OK + b"Content-Type: application/json\r\n"
CHUNKED = JSON + b"Transfer-Encoding: chunked\r\n\r\n"

WHOLE = {
    "a length": (JSON + b"Content-Length: 5\r\n\r\nhello", b"hello"),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "not modified, with a length": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b""),
    "a length twice": (OK + b"Content-Length: 5\r\nX: 1\r\ncontent-length:5 \r\n\r\nhello", b"hello"),
    "a length twice in one field": (OK + b"Content-Length: 5, 5\r\n\r\nhello", b"hello"),
    "a length twice after an interim answer": (
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        b"hello",
    ),
    "an empty body": (OK + b"Content-Length: 0\r\n\r\n", b""),
    "chunks": (CHUNKED + b"2\r\nhe\r\n3;name=value\r\nllo\r\n0\r\n\r\n", b"hello"),
    "chunks and trailers": (CHUNKED + b"5\r\nhello\r\n0\r\nX-Check: 1\r\n\r\n", b"hello"),
    "interim answers": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
        + JSON
        + b"Content-Length: 5\r\n\r\nhello",
        b"hello",
    ),
}
whole = pytest.mark.parametrize(("data", "content"), WHOLE.values(), ids=[name.replace(" ", "-") for name in WHOLE])


def reader(max_bytes: int = 1000) -> ResponseReader:
    return ResponseReader(KnownHeads(max_bytes))


@whole
def test_an_answer_may_be_split_at_any_byte(data: bytes, content: bytes) -> None:
    for cut in range(1, len(data)):
        reading = reader()

        assert [reading.feed(data[:cut]), reading.feed(data[cut:])] == [False, True]
        assert reading.keeps_alive
        assert reading.take(REQUEST).content == content


@whole
def test_an_answer_may_come_byte_by_byte(data: bytes, content: bytes) -> None:
    reading = reader()

    assert [reading.feed(bytes([byte])) for byte in data] == [False] * (len(data) - 1) + [True]
    assert reading.take(REQUEST).content == content


@whole
def test_one_reader_reads_one_answer_after_another(data: bytes, content: bytes) -> None:
    reading = reader()

    for _ in range(3):
        assert reading.feed(data)
        assert reading.take(REQUEST).content == content
    assert reading.keeps_alive


@whole
@pytest.mark.parametrize(
    "rest",
    [b"H", b"garbage\r\n\r\n", b"HTTP/1.1 404 Not Found\r\nX-Other: 1\r\nContent-Length: 3\r\n\r\nbad", b"\0"],
    ids=["a-byte", "garbage", "another-answer", "nul"],
)
def test_bytes_after_an_answer_do_not_change_it_and_end_the_connection(
    data: bytes, content: bytes, rest: bytes
) -> None:
    reading = reader()

    assert reading.feed(data + rest)
    answer = reading.take(REQUEST)

    assert not reading.keeps_alive
    assert (answer.content, answer.headers.get("X-Other")) == (content, None)
    assert answer.status_code != 404


@pytest.mark.parametrize(
    "head",
    [OK + b"Connection: close\r\n", b"HTTP/1.0 200 OK\r\n"],
    ids=["announced", "http-1.0"],
)
def test_a_connection_that_the_core_will_close_is_not_kept_alive(head: bytes) -> None:
    reading = reader()

    assert reading.feed(head + b"Content-Length: 5\r\n\r\nhello")
    assert not reading.keeps_alive


@pytest.mark.parametrize("status", [b"408 Request Timeout", b"421 Misdirected Request"])
def test_a_request_that_was_not_read_or_not_taken_is_sent_again_on_another_connection(status: bytes) -> None:
    reading = reader()

    assert reading.feed(b"HTTP/1.1 " + status + b"\r\nContent-Length: 5\r\n\r\nhello")
    assert not reading.keeps_alive


def test_an_http_1_0_answer_may_keep_the_connection() -> None:
    reading = reader()

    assert reading.feed(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello")
    assert reading.keeps_alive


def test_without_a_length_the_end_of_the_stream_is_the_end_of_the_answer() -> None:
    reading = reader()

    assert not reading.feed(JSON + b"\r\nhello")
    assert reading.end()
    assert reading.take(REQUEST).content == b"hello"
    assert not reading.keeps_alive


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 2",
        JSON,
        JSON + b"Content-Length: 5\r\n\r\nhell",
        CHUNKED + b"5\r\nhello\r\n",
        OK + b"Transfer-Encoding: gzip\r\n\r\nhello",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
    ids=["nothing", "status-line", "head", "body", "chunks", "unknown-coding", "interim"],
)
def test_elsewhere_the_end_of_the_stream_completes_nothing(data: bytes) -> None:
    reading = reader()
    if data:
        assert not reading.feed(data)

    assert not reading.end()


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01 TLS\r\n\r\n",
        b"<html>\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 99999999999999999999999\r\n\r\n",
        OK + b"No colon\r\n\r\n",
        OK + b"X: a\0b\r\n\r\n",
        CHUNKED + b"zz\r\n",
        CHUNKED + b"fffffffffffffffff\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    ],
    ids=lambda data: data[-25:].decode("latin-1").strip(),
)
def test_what_is_not_http_as_asked_for_is_a_bad_answer(data: bytes) -> None:
    with pytest.raises(BadAnswer, match="not HTTP"):
        reader().feed(data)


@pytest.mark.parametrize("encoding", [b"gzip", b"br", b"identity, gzip", b"x"])
def test_an_encoded_answer_is_a_bad_answer(encoding: bytes) -> None:
    reading = reader()
    reading.feed(OK + b"content-ENCODING: " + encoding + b"\r\nContent-Length: 1\r\n\r\nx")

    with pytest.raises(BadAnswer, match="encoded"):
        reading.take(REQUEST)


@pytest.mark.parametrize("head", [b"Content-Length: 1001\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n3e9\r\n"])
def test_content_over_the_limit_is_a_bad_answer(head: bytes) -> None:
    reading = reader(max_bytes=1000)
    reading.feed(OK + head + b"x" * 1001 + b"\r\n0\r\n\r\n")

    with pytest.raises(BadAnswer, match="too large"):
        reading.take(REQUEST)


def test_content_of_just_the_limit_is_read() -> None:
    reading = reader(max_bytes=1000)

    assert reading.feed(OK + b"Content-Length: 1000\r\n\r\n" + b"x" * 1000)
    assert len(reading.take(REQUEST).content) == 1000


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (OK + b"Content-Length: 1000000000\r\n\r\n", b"x" * 1000),
        (CHUNKED, b"1\r\nx\r\n" * 1000),
        (CHUNKED + b"0\r\n", b"X-Trailer: 1\r\n" * 100),
        (CHUNKED + b"5;", b"x" * 1000),
        (OK, b"X-Header: 1\r\n" * 100),
        (OK + b"X-Header: ", b"x" * 1000),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    ],
    ids=["length", "chunks", "trailers", "chunk-extension", "headers", "one-header", "interim"],
)
def test_no_endless_answer_is_read_for_long(start: bytes, more: bytes) -> None:
    reading = reader(max_bytes=1000)
    if start:
        reading.feed(start)

    def read() -> None:
        for _ in range(200):
            reading.feed(more)

    with pytest.raises(BadAnswer, match="too large"):
        read()


def test_more_than_a_hundred_headers_are_a_bad_answer() -> None:
    reading = reader()
    reading.feed(OK + b"".join(b"X-%d: 1\r\n" % i for i in range(100)) + b"Content-Length: 0\r\n\r\n")

    with pytest.raises(BadAnswer, match="too large"):
        reading.take(REQUEST)


@pytest.mark.parametrize("cut", [1, 30_000, 65_536, 69_000])
def test_a_head_over_64_kib_is_a_bad_answer_however_it_is_split(cut: int) -> None:
    data = OK + b"X: " + b"x" * 35_000 + b"\r\nY: " + b"y" * 35_000 + b"\r\nContent-Length: 0\r\n\r\n"
    reading = reader()

    def read() -> None:
        for part in (data[:cut], data[cut:]):
            reading.feed(part)
        reading.take(REQUEST)

    with pytest.raises(BadAnswer, match="too large"):
        read()


def test_a_header_that_comes_twice_is_combined() -> None:
    reading = reader()
    reading.feed(OK + b"Via: a\r\nvia: b\r\nContent-Length: 0\r\n\r\n")

    assert reading.take(REQUEST).headers["Via"] == "a, b"


@given(st.lists(st.integers(1, 400), max_size=30))
def test_several_answers_on_one_connection_are_told_apart_however_they_are_split(sizes: list[int]) -> None:
    reading = reader()
    for number, (data, content) in enumerate(WHOLE.values()):
        pieces, rest = [], data
        for size in sizes[number:]:
            pieces.append(rest[:size])
            rest = rest[size:]

        fed = [reading.feed(piece) for piece in [*pieces, rest] if piece]

        assert fed[-1]
        assert reading.take(REQUEST).content == content
