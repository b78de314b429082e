"""What gunicorn refuses before the application sees it is answered as a problem document."""

from __future__ import annotations

import json
import socket
from http import HTTPStatus

import pytest
from gunicorn.config import Config
from gunicorn.http import errors as http_errors

from gateway.serving.client_request import HeadTimeout
from gateway.serving.connection import Connection
from gateway.serving.fields import RepeatedField
from gateway.serving.loop_turns import LoopTurns
from gateway.serving.plan import ClientTimeouts
from gateway.serving.refusals import problem_of, response_bytes


@pytest.mark.parametrize(
    ("error", "status", "slug", "title"),
    [
        (HeadTimeout(), 408, "request-timeout", "Request timed out"),
        (http_errors.LimitRequestLine(5000, 4094), 414, "uri-too-long", "URI too long"),
        (http_errors.LimitRequestHeaders("too many"), 431, "headers-too-large", "Header fields too large"),
        (http_errors.UnsupportedTransferCoding("gzip"), 501, "not-implemented", "Not implemented"),
        (http_errors.ExpectationFailed("x"), 417, "expectation-failed", "Expectation failed"),
        (RepeatedField("X-Request-ID"), 400, "bad-request", "Bad request"),
        (http_errors.InvalidHeader("secret: value"), 400, "bad-request", "Bad request"),
        (RuntimeError("a bug at db.internal"), 500, "internal-error", "Internal error"),
    ],
)
def test_each_refusal_has_a_type_of_its_own_and_repeats_nothing_of_the_request(error, status, slug, title):
    head, _, body = response_bytes(problem_of(error), error, "https://gateway.example").partition(b"\r\n\r\n")
    document = json.loads(body)

    assert head.startswith(b"HTTP/1.1 %d %s\r\n" % (status, HTTPStatus(status).phrase.encode()))
    assert b"Connection: close" in head
    assert (document["status"], document["title"]) == (status, title)
    assert document["type"] == f"https://gateway.example/problems/{slug}"
    assert b"secret" not in body
    assert b"db.internal" not in body


@pytest.mark.parametrize(
    ("head", "slug"),
    [
        (b"Host: gateway.example:8443\r\nExpect: tea\r\n", "http://gateway.example:8443/problems/expectation-failed"),
        (
            b"Host: [::1]:8000\r\nTransfer-Encoding: gzip, chunked\r\n",
            "http://[::1]:8000/problems/not-implemented",
        ),
        (b"Accept: */*\r\n", "/problems/bad-request"),
    ],
)
def test_a_type_begins_with_the_address_that_the_caller_used(head, slug):
    client, server = socket.socketpair()
    timeouts = ClientTimeouts(idle=10.0, head=10.0, body=10.0, answer=10.0)
    connection = Connection(server, ("127.0.0.1", 1), Config(), timeouts, LoopTurns(), lambda: False)
    client.sendall(b"GET / HTTP/1.1\r\n" + head + b"\r\n")

    with client, server, pytest.raises(http_errors.ParseException) as refused:
        connection.next_request()

    _, _, body = response_bytes(problem_of(refused.value), refused.value, "").partition(b"\r\n\r\n")

    assert json.loads(body)["type"] == slug


def test_a_type_is_relative_where_nobody_can_know_the_address():
    error = http_errors.LimitRequestLine(5000, 4094)

    _, _, body = response_bytes(problem_of(error), error, "").partition(b"\r\n\r\n")

    assert json.loads(body)["type"] == "/problems/uri-too-long"
