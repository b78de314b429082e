"""What is not HTTP never reaches the application, and is answered as a problem document all the same."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sandbox.web import call
from tests.faults.house import eventually

pytestmark = pytest.mark.e2e
HEADS_ARE_READ_BOTH_WAYS = True
HEAD = b"PATCH /openapi/api/v1/actions HTTP/1.1\r\nHost: x\r\n"


def exchange(stack, request):
    """Everything the gateway sends until it closes, as status and body."""
    where = urlsplit(stack.gateway.url)
    with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), head, json.loads(body)


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /livez HTTP/9.9\r\nHost: x\r\n\r\n", 400),
        (b"G\x00T /livez HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nA: b\r\n folded\r\n\r\n", 400),
        (HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Content-Length: 1, 2\r\n\r\nx", 400),
        (HEAD + b"Content-Length: -1\r\n\r\n", 400),
        (HEAD + b"Content-Type: application/json\r\nContent-Type: application/json\r\n\r\n", 400),
        (HEAD + b"Idempotency-Key: k\r\nIdempotency-Key: k\r\n\r\n", 400),
        (HEAD + b"traceparent: a\r\nAccept: */*\r\nTraceparent: b\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Request-ID: a\r\nx-request-id: a\r\n\r\n", 400),
        (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\n" + b"".join(b"A%d: b\r\n" % n for n in range(80)) + b"\r\n", 431),
    ],
)
def test_malformed_requests_get_a_problem_and_nothing_of_theirs_back(stack, request_bytes, status):
    answered, head, problem = exchange(stack, request_bytes)

    assert answered == status
    assert b"application/problem+json" in head
    assert problem["status"] == status
    assert problem["instance"].startswith("urn:request:")
    assert b"nonsense" not in json.dumps(problem).encode()


@pytest.mark.parametrize(
    ("fields", "status", "slug", "field"),
    [
        (b"Idempotency-Key: k\r\nIdempotency-Key: k\r\n", 400, "bad-request", "Idempotency-Key"),
        (b"Content-Type: a\r\nContent-Type: a\r\n", 400, "bad-request", "Content-Type"),
        (b"Expect: tea\r\n", 417, "expectation-failed", None),
        (b"".join(b"A%d: b\r\n" % n for n in range(80)), 431, "headers-too-large", None),
    ],
)
def test_what_never_reaches_the_application_is_traced_and_counted_like_the_rest(stack, fields, status, slug, field):
    own_id = f"caller-{status}-{field}"
    before = counted(stack, status, slug)

    answered, head, problem = exchange(stack, HEAD + f"X-Request-ID: {own_id}\r\n".encode() + fields + b"\r\n")

    assert answered == status
    assert f"\r\nX-Request-ID: {own_id}\r\n".encode() in head
    assert problem["instance"] == f"urn:request:{own_id}"
    told = eventually(lambda: told_of(stack, own_id))
    assert told["request_refused"].get("field") == field
    assert told["request_refused"]["peer"] == "127.0.0.1"
    assert (told["request_ended"]["status"], told["request_ended"]["problem"]) == (status, slug)
    assert counted(stack, status, slug) == [number + 1 for number in before]


def counted(stack, status, slug):
    """Requests and problems of this kind, as the metrics count them."""
    text = call("GET", stack.gateway.url + "/metrics").body.decode()
    wanted = (
        ("gateway_requests_total", {"route": "unmatched", "method": "PATCH", "status": str(status)}),
        ("gateway_problems_total", {"type": slug}),
    )
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return [
        sum(sample.value for sample in samples if (sample.name, sample.labels) == (name, labels))
        for name, labels in wanted
    ]


def told_of(stack, request_id):
    """Its lines by their event. Empty until it has ended, which is told some milliseconds later."""
    lines = stack.gateway.log.read_text().splitlines(keepends=True)
    events = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]
    told = {event["event"]: event for event in events if event.get("request_id") == request_id}
    return told if "request_ended" in told else {}
