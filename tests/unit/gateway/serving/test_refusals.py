"""What gunicorn refuses before the application sees it is answered as a problem document, logged and counted."""

from __future__ import annotations

import json
import logging
import socket

import pytest
from gunicorn.config import Config
from gunicorn.http import errors as http_errors

from gateway.serving.client_request import HeadTimeout
from gateway.serving.connection import Connection
from gateway.serving.fields import RepeatedField
from gateway.serving.loop_turns import LoopTurns
from gateway.serving.partial_head import PartialHead
from gateway.serving.plain_head import PlainHeads
from gateway.serving.plan import ClientTimeouts
from gateway.serving.refusals import Refusal

LINE = b"GET / HTTP/1.1\r\n"
MANY = b"".join(b"A%d: b\r\n" % number for number in range(150))
WAITS = ClientTimeouts(idle=10.0, head=10.0, body=10.0, answer=10.0)
IN_HASTE = ClientTimeouts(idle=10.0, head=0.05, body=10.0, answer=10.0)


def refusal_of(sent, timeouts=WAITS, public_url=""):
    """The refusal of what a client sends."""
    client, server = socket.socketpair()
    connection = Connection(
        server, ("127.0.0.1", 1), Config(), timeouts, LoopTurns(), lambda: False, PlainHeads(Config())
    )
    client.sendall(sent)
    with client, server, pytest.raises(http_errors.ParseException) as refused:
        connection.next_request()
    return Refusal.of(refused.value, refused.value.head, public_url)


@pytest.mark.parametrize(
    ("error", "status", "phrase", "slug", "title"),
    [
        (HeadTimeout(PartialHead()), 408, b"Request Timeout", "request-timeout", "Request timed out"),
        (http_errors.LimitRequestLine(5000, 4094), 414, b"URI Too Long", "uri-too-long", "URI too long"),
        (
            http_errors.LimitRequestHeaders("too many"),
            431,
            b"Request Header Fields Too Large",
            "headers-too-large",
            "Header fields too large",
        ),
        (http_errors.UnsupportedTransferCoding("gzip"), 501, b"Not Implemented", "not-implemented", "Not implemented"),
        (http_errors.ExpectationFailed("x"), 417, b"Expectation Failed", "expectation-failed", "Expectation failed"),
        (RepeatedField("X-REQUEST-ID"), 400, b"Bad Request", "bad-request", "Bad request"),
        (http_errors.InvalidHeader("secret: value"), 400, b"Bad Request", "bad-request", "Bad request"),
        (
            http_errors.InvalidResponseHeader("secret: value"),
            500,
            b"Internal Server Error",
            "internal-error",
            "Internal error",
        ),
        (RuntimeError("a bug at db.internal"), 500, b"Internal Server Error", "internal-error", "Internal error"),
        (SystemExit(1), 500, b"Internal Server Error", "internal-error", "Internal error"),
    ],
)
def test_each_refusal_has_a_type_of_its_own_and_repeats_nothing_of_the_request(
    error, status, phrase, slug, title, caplog
):
    caplog.set_level(logging.INFO)
    refusal = Refusal.of(error, None, "https://gateway.example")
    head, _, body = refusal.response_bytes().partition(b"\r\n\r\n")
    document = json.loads(body)
    refusal.log(error, peer="192.0.2.1")

    assert head.startswith(b"HTTP/1.1 %d %s\r\n" % (status, phrase))
    assert b"Connection: close" in head
    assert (document["status"], document["title"]) == (status, title)
    assert document["type"] == f"https://gateway.example/problems/{slug}"
    assert b"secret" not in body
    assert b"db.internal" not in body
    told = [record for record in caplog.records if record.message == "request_refused"]
    assert (status == 500, "secret" in str([vars(record) for record in told])) == (not told, False)


@pytest.mark.parametrize(
    ("fields", "slug"),
    [
        (
            b"Host: gateway.example:8443\r\nExpect: tea\r\n\r\n",
            "http://gateway.example:8443/problems/expectation-failed",
        ),
        (
            b"Host: [::1]:8000\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "http://[::1]:8000/problems/not-implemented",
        ),
        (b"Host: x\r\n" + MANY + b"\r\n", "http://x/problems/headers-too-large"),
        (MANY + b"Host: x\r\n\r\n", "http://x/problems/headers-too-large"),
        (b"Host: x\r\nA: " + b"a" * 9000 + b"\r\n\r\n", "http://x/problems/headers-too-large"),
        (b"Host: x\r\nX-Request-ID:" + b" " * 140_000, "http://x/problems/headers-too-large"),
        (b"Host: x\r\nA: " + b"a" * 140_000, "http://x/problems/headers-too-large"),
        (b"Host: x\r\nContent-Type: a\r\nContent-Type: a\r\n\r\n", "http://x/problems/bad-request"),
        (b"Host: x\r\nHost: y\r\n\r\n", "/problems/bad-request"),
        (b"Host: x y\r\n\r\n", "/problems/bad-request"),
        (b"Accept: */*\r\n\r\n", "/problems/bad-request"),
    ],
)
def test_a_type_begins_with_the_address_that_the_caller_used(fields, slug):
    assert json.loads(refusal_of(LINE + fields).body)["type"] == slug


def test_a_type_is_relative_where_nobody_can_know_the_address():
    refusal = Refusal.of(http_errors.LimitRequestLine(5000, 4094), None, "")

    assert json.loads(refusal.body)["type"] == "/problems/uri-too-long"


def test_a_head_that_comes_too_slowly_is_told_by_the_address_and_id_that_came():
    refusal = refusal_of(LINE + b"Host: x\r\nX-Request-ID: r-1\r\nAcc", IN_HASTE)

    assert json.loads(refusal.body)["type"] == "http://x/problems/request-timeout"
    assert refusal.request_id == "r-1"


@pytest.mark.parametrize(
    ("fields", "detail", "field"),
    [
        (b"Host: x\r\nContent-Type: a\r\nContent-Type: b\r\n", "Content-Type must be sent once.", "Content-Type"),
        (b"Host: x\r\nHost: x\r\n", "Host must be sent once.", "Host"),
        (
            b"Host: x\r\nContent-Length: 0\r\ncontent-length: 0\r\n",
            "Content-Length must be sent once.",
            "Content-Length",
        ),
        (b"Host: x\r\ntraceparent: a\r\ntraceparent: b\r\n", "traceparent must be sent once.", "traceparent"),
        (b"Host: x y\r\n", "Host must be one host name or address, with a port or without.", "Host"),
        (b"Accept: */*\r\n", "Host must be one host name or address, with a port or without.", "Host"),
        (
            b"Host: x\r\nContent-Length: -1\r\n",
            "Content-Length must be digits, and not be beside Transfer-Encoding.",
            "Content-Length",
        ),
        (
            b"Host: x\r\nTransfer-Encoding: gzip\r\n",
            "Transfer-Encoding must be chunked, once, and in HTTP/1.1.",
            "Transfer-Encoding",
        ),
        (b"Host: x\r\nA: b\r\n folded\r\n", "Each header field must stand on one line.", ""),
        (
            b"Host: x\r\nA B: c\r\n",
            "The name of a header field has a character that is not allowed, such as a space.",
            "",
        ),
        (
            b"Host: x\r\nsecret\r\n",
            "Each header field must be a name, a colon, and a value without control characters; its line ends with CRLF.",
            "",
        ),
    ],
)
def test_a_refusal_says_what_is_wrong_and_its_line_names_the_field(fields, detail, field, caplog):
    caplog.set_level(logging.INFO)
    refusal = refusal_of(LINE + fields + b"\r\n")
    refusal.log(http_errors.ParseException(), peer="192.0.2.1")

    assert json.loads(refusal.body)["detail"] == detail
    assert getattr(caplog.records[-1], "field", "") == field


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        (b"get / HTTP/1.1", "The method must be 3 to 20 letters in upper case."),
        (b"GET / HTTP/9.9", "The version must be HTTP/1.0 or HTTP/1.1."),
        (
            b"GET /#a HTTP/1.1",
            "The request line must be a method, a target without a fragment, and HTTP/1.1; it ends with CRLF.",
        ),
        (b"GET /" + b"a" * 5000 + b" HTTP/1.1", "Send a request line of at most 4,094 bytes."),
    ],
)
def test_a_request_line_is_refused_for_what_is_wrong_with_it(line, detail):
    assert json.loads(refusal_of(line + b"\r\nHost: x\r\n\r\n").body)["detail"] == detail


@pytest.mark.parametrize(
    "fields",
    [
        b"Idempotency-Key: k\r\nIdempotency-Key: k\r\n\r\n",
        b"Content-Type: a\r\nContent-Type: a\r\n\r\n",
        b"bad header\r\n\r\n",
        b"Expect: tea\r\n\r\n",
        MANY + b"\r\n",
        b"A: " + b"a" * 140_000,
    ],
)
def test_a_refused_request_keeps_the_callers_id_in_the_answer_the_log_and_the_details(fields, caplog):
    caplog.set_level(logging.INFO)
    refusal = refusal_of(LINE + b"Host: x\r\nX-Request-ID: mine-1\r\n" + fields)
    refusal.log(http_errors.ParseException(), peer="192.0.2.1")

    assert b"\r\nX-Request-ID: mine-1\r\n" in refusal.response_bytes()
    assert json.loads(refusal.body)["instance"] == "urn:request:mine-1"
    assert (caplog.records[-1].request_id, caplog.records[-1].peer) == ("mine-1", "192.0.2.1")
    assert refusal.details().request_id == "mine-1"


@pytest.mark.parametrize(
    "fields",
    [
        b"X-Request-ID: a\r\nX-Request-ID: b\r\n\r\n",
        b"X-Request-ID: not well-formed\r\nbad header\r\n\r\n",
        b"X-Request-ID: {}\r\nExpect: tea\r\n\r\n",
        b"bad header\r\n\r\n",
    ],
)
def test_a_refused_request_without_a_well_formed_id_has_one_new_id_everywhere(fields, caplog):
    caplog.set_level(logging.INFO)
    refusal = refusal_of(LINE + b"Host: x\r\n" + fields)
    refusal.log(http_errors.ParseException(), peer="")

    assert len(refusal.request_id) == 26
    assert b"\r\nX-Request-ID: %s\r\n" % refusal.request_id.encode() in refusal.response_bytes()
    assert json.loads(refusal.body)["instance"] == f"urn:request:{refusal.request_id}"
    assert caplog.records[-1].request_id == refusal.details().request_id == refusal.request_id


def test_the_details_say_what_was_asked_and_answered():
    refusal = refusal_of(b"PATCH / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n")
    details = refusal.details()

    assert (details.method, details.route, details.status) == ("PATCH", "", 417)
    assert details.problem == "expectation-failed"
    assert details.sent_bytes == len(refusal.body)
    assert 0 <= details.seconds < 60


def test_what_is_no_request_line_is_told_as_no_method():
    assert refusal_of(b'{"secret": 1}\r\n\r\n').details().method == ""


def test_of_a_fault_the_traceback_is_logged_with_the_requests_id(caplog):
    fault = RuntimeError("a bug")
    Refusal.of(fault, PartialHead(request_id="mine-1"), "").log(fault, peer="192.0.2.1")

    [record] = caplog.records
    assert (record.message, record.request_id) == ("request_failed_before_the_application", "mine-1")
    assert record.exc_info[1] is fault
