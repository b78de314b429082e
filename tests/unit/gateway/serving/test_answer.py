"""Head and body of an answer leave together; its framing is that of RFC 9112 section 6."""

from __future__ import annotations

import pytest
from gunicorn.http.errors import InvalidResponseHeader
from gunicorn.http.wsgi import Response

from gateway.serving.answer import Dates, ServerAnswer

FIRST_OF_1970 = "Thu, 01 Jan 1970 00:00:00 GMT"
HEAD = f"Server: gunicorn\r\nDate: {FIRST_OF_1970}\r\nConnection: keep-alive\r\n"


class Request:
    """What an answer asks of its request."""

    def __init__(self, method: str, version: tuple[int, int]) -> None:
        self.method = method
        self.version = version

    def should_close(self) -> bool:
        return self.version < (1, 1)


class Client:
    """What one send brings is one piece. ``room`` bounds the first."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.pieces: list[bytes] = []
        self._room = room

    def send(self, data: bytes) -> int:
        self.pieces.append(bytes(data[: self._room]))
        return len(self.pieces[-1])

    def sendall(self, data: bytes) -> None:
        self.pieces.append(bytes(data))


class Parts:
    """An application's answer that knows whether it was closed."""

    def __init__(self, *parts: bytes, fault: Exception | None = None) -> None:
        self._parts = parts
        self._fault = fault
        self.is_closed = False

    def __iter__(self):
        yield from self._parts
        if self._fault is not None:
            raise self._fault

    def close(self) -> None:
        self.is_closed = True


def sent(parts, *, status="200 OK", fields=(), method="GET", version=(1, 1), room=1_000_000) -> list[str]:
    """The pieces that reach the client. ``room``: bytes that the first one may have."""
    client = Client(room)

    def application(_environ, start_response):
        start_response(status, list(fields))
        return parts

    ServerAnswer(Request(method, version), client, None, Dates(lambda: 0.5)).send(application, {})
    return [piece.decode("latin-1") for piece in client.pieces]


def test_head_and_body_leave_in_one_piece():
    assert sent([b"hello"], fields=[("Content-Length", "5"), ("X-A", "b")]) == [
        f"HTTP/1.1 200 OK\r\n{HEAD}Content-Length: 5\r\nX-A: b\r\n\r\nhello"
    ]


def test_a_large_body_is_not_copied():
    assert [len(piece) for piece in sent([b"x" * 70_000], fields=[("Content-Length", "70000")])] == [121, 70_000]


def test_an_answer_in_chunks_has_its_head_with_the_first():
    assert sent([b"one", b"three"]) == [
        f"HTTP/1.1 200 OK\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n",
        "5\r\nthree\r\n",
        "0\r\n\r\n",
    ]


def test_for_http_1_0_the_end_of_the_connection_is_the_end_of_the_answer():
    [head, rest] = sent([b"one", b"two"], version=(1, 0))

    assert head == f"HTTP/1.0 200 OK\r\n{HEAD.replace('keep-alive', 'close')}\r\none"
    assert rest == "two"


@pytest.mark.parametrize(
    ("method", "status", "parts"),
    [
        ("HEAD", "200 OK", [b"hello"]),
        ("GET", "304 Not Modified", []),
        ("GET", "304 Not Modified", [b"hello"]),
        ("GET", "200 OK", []),
    ],
)
def test_the_head_leaves_where_no_body_does(method: str, status: str, parts: list[bytes]):
    fields = [("Content-Length", "5")]

    assert sent(parts, status=status, fields=fields, method=method) == [
        f"HTTP/1.1 {status}\r\n{HEAD}Content-Length: 5\r\n\r\n"
    ]


def test_204_has_neither_length_nor_body():
    assert sent([], status="204 No Content", fields=[("Content-Length", "0")]) == [
        f"HTTP/1.1 204 No Content\r\n{HEAD}\r\n"
    ]


def test_no_more_is_sent_than_the_length_says():
    assert sent([b"hello"], fields=[("Content-Length", "2")]) == [
        f"HTTP/1.1 200 OK\r\n{HEAD}Content-Length: 2\r\n\r\nhe"
    ]


def test_what_the_first_send_did_not_take_is_sent_after_it():
    pieces = sent([b"hello"], fields=[("Content-Length", "5")], room=100)

    assert [len(piece) for piece in pieces] == [100, 22]
    assert "".join(pieces) == f"HTTP/1.1 200 OK\r\n{HEAD}Content-Length: 5\r\n\r\nhello"


@pytest.mark.parametrize("beside", [("Content-Type", "text/plain"), ("X-A", "b"), ("Content-Type", " caf\xe9\t")])
def test_fields_are_sent_as_gunicorn_sends_them(beside: tuple[str, str]):
    fields = [("Content-Length", "0"), beside, ("Connection", "x"), ("Retry-After", "1")]

    assert sent([], fields=fields) == [
        f"HTTP/1.1 200 OK\r\n{HEAD}Content-Length: 0\r\n{beside[0]}: {beside[1].strip()}\r\nRetry-After: 1\r\n\r\n"
    ]


@pytest.mark.parametrize("value", ["b\r\nX-C: d", "b\nc", "\x00", "\x7f", "\u0394"])
def test_no_usual_field_ends_the_head(value: str):
    with pytest.raises(InvalidResponseHeader):
        sent([], fields=[("Content-Type", value)])


def test_a_field_that_would_end_the_head_is_refused():
    with pytest.raises(InvalidResponseHeader):
        sent([], fields=[("X-A", "b\r\nX-C: d")])


def test_an_answer_is_begun_once():
    def application(_environ, start_response):
        start_response("200 OK", [])
        start_response("200 OK", [])
        return []

    with pytest.raises(AssertionError, match="already set"):
        ServerAnswer(Request("GET", (1, 1)), Client(), None, Dates()).send(application, {})


def test_what_the_application_made_is_closed_after_a_fault():
    parts = Parts(b"one", fault=ValueError("broke"))
    with pytest.raises(ValueError, match="broke"):
        sent(parts)

    assert parts.is_closed


def test_an_answer_begins_as_gunicorns_does():
    theirs = vars(Response("request", "client", "settings"))
    ours = ServerAnswer("request", "client", "settings", Dates())

    assert {name: getattr(ours, name) for name in theirs} == theirs


def test_a_date_is_made_once_a_second():
    times = iter([0.2, 0.9, 1.0, 86_400.0])
    dates = Dates(lambda: next(times))

    assert [dates.now() for _ in range(4)] == [
        FIRST_OF_1970,
        FIRST_OF_1970,
        "Thu, 01 Jan 1970 00:00:01 GMT",
        "Fri, 02 Jan 1970 00:00:00 GMT",
    ]
