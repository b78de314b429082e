"""What goes over the wire, and what an answer is read as."""

from __future__ import annotations

import threading
import zlib
from contextlib import suppress

import pytest
import requests
import responses

from cli.access.credentials import Token
from cli.connection import SILENCE_SECONDS, Answer, Connection
from cli.cutting import Body
from cli.errors import Refused
from cli.limits import Limits
from cli.outcome import Failure
from cli.verdicts import Again, Denied, Invalid, Pause, Results, Stop, TooLarge, read
from tests.doubles.loopback import Loopback

URL = "https://gateway.test"
BULK = f"{URL}/openapi/api/v1/actions"
BODY = Body(b"{}", {0: "7", 2: "9"})
FAILED = {"index": 1, "code": "rejected", "detail": "No.", "outcome": "not_applied", "retryable": False}


@pytest.fixture
def connection():
    return Connection(f"{URL}/", Token("t"))


@responses.activate
def test_a_batch_is_sent_with_its_key_and_token_whatever_netrc_says(connection, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine gateway.test login other password wrong\n")
    monkeypatch.setenv("NETRC", str(netrc))
    responses.patch(
        BULK,
        json={"data": []},
        headers={"Retry-After": "7", "X-Request-ID": "id", "RateLimit-Policy": '"items";q=5;w=60'},
    )

    answer = connection.update(b'{"data":[]}', "key")

    sent = responses.calls[0].request
    assert {
        name: sent.headers[name] for name in ("Authorization", "Idempotency-Key", "Content-Type", "User-Agent")
    } == {
        "Authorization": "Bearer t",
        "Idempotency-Key": "key",
        "Content-Type": "application/json",
        "User-Agent": "actions/0.1.0",
    }
    assert answer == Answer(
        status=200, document={"data": []}, retry_after=7.0, request_id="id", rate_policy='"items";q=5;w=60'
    )


@responses.activate
def test_a_redirect_is_not_followed_with_the_token(connection):
    responses.patch(BULK, status=302, headers={"Location": "https://elsewhere.test/"})

    assert connection.update(b"{}", "key").status == 302
    assert len(responses.calls) == 1


@responses.activate
def test_a_page_that_needs_no_token_gets_none(connection):
    responses.get(f"{URL}/openapi.json", json={"info": {}})

    connection.page("/openapi.json")

    assert "Authorization" not in responses.calls[0].request.headers


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (requests.exceptions.SSLError("words"), "the certificate of gateway.test is not trusted"),
        (requests.exceptions.ProxyError("words"), "the proxy to gateway.test refused"),
        (requests.exceptions.ConnectTimeout("words"), "did not answer within 10 s"),
        (requests.exceptions.ReadTimeout("words"), "did not answer within 120 s"),
        (requests.exceptions.ConnectionError("words"), "no connection to gateway.test, or it broke off"),
    ],
)
@responses.activate
def test_why_there_is_no_answer_is_said_in_words_of_its_own(connection, error, said):
    responses.patch(BULK, body=error)

    answer = connection.update(b"{}", "key")

    assert answer.status == 0
    assert answer.is_untrusted == ("certificate" in said)
    assert said in answer.said
    assert "words" not in answer.said


def problem(slug, status, **members):
    return {"status": status, "document": {"type": f"{URL}/problems/{slug}", "detail": f"{slug}.", **members}}


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ({"status": 200, "document": {"data": [{"a": 1}, {"b": 2}]}}, Results([], {0: {"a": 1}, 2: {"b": 2}})),
        (
            {"status": 207, "document": {"data": [{"a": 1}], "errors": [FAILED]}, "retry_after": 3.0},
            Results([Failure(2, "rejected", "No.", "not_applied", False)], {0: {"a": 1}}, 3.0),
        ),
        (problem("invalid-token", 401), Denied("invalid-token.")),
        (problem("insufficient-scope", 403), Denied("insufficient-scope.")),
        (problem("batch-too-large", 413, max_items=5), TooLarge(5, None, "batch-too-large.")),
        (problem("body-too-large", 413, max_bytes=9), TooLarge(None, 9, "body-too-large.")),
        ({**problem("quota-exceeded", 429), "retry_after": 7.0}, Pause(7.0, "quota-exceeded.")),
        ({**problem("quota-exceeded", 429), "rate_policy": '"items";q=4;w=60'}, TooLarge(4, None, "quota-exceeded.")),
        (problem("quota-exceeded", 429), Again(None, "quota-exceeded.", False)),
        ({**problem("in-progress", 409), "retry_after": 2.0}, Pause(2.0, "in-progress.")),
        (problem("temporarily-unavailable", 503), Again(None, "temporarily-unavailable.", False)),
        (problem("internal-error", 500), Again(None, "internal-error.", True)),
        (problem("core-timed-out", 504), Again(None, "core-timed-out.", True)),
        (problem("idempotency-key-reused", 422), Stop("idempotency-key-reused.")),
        (problem("no-such-page", 404), Stop("no-such-page.")),
        (problem("validation-failed", 400, errors=[]), Stop("validation-failed.")),
        ({"status": 0, "reason": "gone"}, Again(None, "gone", True)),
        ({"status": 403}, Again(None, "an answer with status 403 that is not the gateway's", True)),
        (
            {"status": 200, "document": {"data": [{}]}},
            Again(None, "an answer with status 200 that is not the gateway's", True),
        ),
        (
            {"status": 200, "document": {"data": "x"}},
            Again(None, "an answer with status 200 that is not the gateway's", True),
        ),
        (
            {"status": 207, "document": {"data": [{}], "errors": [{**FAILED, "index": 7}]}},
            Again(None, "an answer with status 207 that is not the gateway's", True),
        ),
    ],
)
def test_an_answer_is_read_as_the_page_of_errors_says(answer, verdict):
    assert read(Answer(**answer), BODY) == verdict


def test_the_cores_own_words_go_into_the_detail_and_an_outcome_that_is_not_known_is_taken_for_unknown():
    errors = [
        {**FAILED, "index": 0, "outcome": "perhaps", "message": "The period is closed."},
        {**FAILED, "index": 1, "errors": {"due_date": ["Is in the past.", "Is a Sunday."]}},
    ]

    verdict = read(Answer(**problem("core-rejected", 400, errors=errors)), BODY)

    assert verdict.failures == [
        Failure(0, "rejected", "No. The period is closed.", "unknown", False),
        Failure(2, "rejected", "No. due_date: Is in the past. Is a Sunday.", "not_applied", False),
    ]


def test_all_that_is_wrong_with_an_item_is_one_failure():
    errors = [
        {"index": 1, "field": "status", "code": "invalid_choice", "detail": "No."},
        {"index": 1, "field": None, "code": "nothing_to_update", "detail": "Nothing."},
        {"index": None, "field": "x", "code": "unknown_field", "detail": "Of the document."},
    ]

    verdict = read(Answer(**problem("validation-failed", 400, errors=errors)), BODY)

    assert verdict == Invalid([Failure(2, "invalid_choice", "status: No. Nothing.", "not_applied", False)])


@pytest.mark.parametrize(
    ("told", "limits"),
    [
        ({}, Limits()),
        ({"max_items": 50_000, "max_bytes": 10**9}, Limits(max_items=1_000, max_bytes=4_194_304)),
        ({"max_items": "many", "max_bytes": True, "rate": 7, "languages": []}, Limits()),
        (
            {"max_items": 100, "rate": {"unit": "items", "limit": 30, "seconds": 60}},
            Limits(max_items=30, rate_limit=30, rate_seconds=60),
        ),
        ({"max_items": float("inf"), "max_bytes": float("nan"), "idempotency_seconds": 1e300}, Limits()),
        ({"languages": ["de"], "idempotency_seconds": 3600.0}, Limits(languages=("de",), kept_seconds=3600)),
    ],
)
def test_limits_are_what_the_gateway_tells_as_far_as_it_makes_sense(told, limits):
    assert Limits.told(told).bounded() == limits


JOBS = f"{URL}/openapi/api/v1/jobs"


@responses.activate
def test_a_request_about_jobs_has_its_body_its_key_and_the_token(connection):
    responses.post(JOBS, status=201, json={"id": "J1"})

    answer = connection.job("POST", "", b"{}", {"Idempotency-Key": "k"})

    sent = responses.calls[0].request
    assert (answer.status, answer.document) == (201, {"id": "J1"})
    assert (sent.headers["Idempotency-Key"], sent.headers["Authorization"]) == ("k", "Bearer t")
    assert (sent.headers["Content-Type"], sent.body) == ("application/json", b"{}")


@responses.activate
def test_lines_are_split_at_line_ends_alone(connection):
    responses.get(f"{JOBS}/J1/results", body='{"a":"\u2028\u0085"}\n\n{"b":1}\n{"cut'.encode())

    with connection.job_lines("/J1/results") as stream:
        lines = list(stream.lines)

    assert stream.answer.status == 200
    assert lines == ['{"a":"\u2028\u0085"}'.encode(), b"", b'{"b":1}']


@pytest.mark.parametrize("is_chunked", [True, False], ids=["in chunks", "without chunks, as behind some proxies"])
@pytest.mark.parametrize("end", ["whole", "cut"])
def test_lines_come_one_by_one_however_they_are_framed(is_chunked, end):
    first_was_read, waited = threading.Event(), []

    def send(handler):
        handler.send_response(200)
        handler.send_header("Connection", "close")
        if is_chunked:
            handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for piece in (b'{"a":1}\n', b'{"b":2}\n{"cu'):
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece)
            waited.append(first_was_read.wait(10))
        if is_chunked and end == "whole":
            handler.wfile.write(b"0\r\n\r\n")
        handler.close_connection = True

    with Loopback() as server:
        server.paths["/openapi/api/v1/jobs/J1/results"] = send
        with Connection(server.url, Token("t")).job_lines("/J1/results") as stream:
            first = next(stream.lines)
            first_was_read.set()
            rest = list(stream.lines)

    assert (first, rest) == (b'{"a":1}', [b'{"b":2}'])
    assert waited == [True, True]


@responses.activate
def test_lines_that_are_refused_tell_why(connection):
    responses.get(f"{JOBS}/J1/results", status=404, json={"type": "x/job-not-found", "detail": "No."})

    with connection.job_lines("/J1/results") as stream:
        assert (stream.answer.status, stream.answer.kind) == (404, "job-not-found")


@responses.activate
def test_lines_that_nobody_sends_are_no_answer(connection):
    responses.get(f"{JOBS}/J1/results", body=requests.ConnectionError("gone"))

    with connection.job_lines("/J1/results") as stream:
        assert stream.answer.status == 0
        assert list(stream.lines) == []


def test_silence_of_a_stream_ends_after_three_heartbeats():
    assert SILENCE_SECONDS == 30.0


@pytest.mark.parametrize(
    "document",
    [
        {"data": [{"actionId": "7"}, {"actionId": "8"}]},
        {"data": [{"actionId": "9"}, {"actionId": "7"}]},
        {"data": ["7", "9"]},
        {"data": [{"actionId": "7"}], "errors": [{**FAILED, "actionId": "7"}]},
    ],
    ids=["another", "in another order", "no items", "an error of another"],
)
def test_an_answer_that_names_other_items_than_were_sent_tells_nothing(document):
    verdict = read(Answer(status=207, document=document), BODY)

    assert isinstance(verdict, Again)
    assert verdict.may_have_left


@pytest.mark.parametrize("told", ["0ABC", "abc"])
def test_an_id_may_come_back_in_another_spelling(told):
    body = Body(b"{}", {0: "00aBc"})

    assert read(Answer(status=200, document={"data": [{"actionId": told}]}), body) == Results(
        [], {0: {"actionId": told}}
    )


def endless(handler):
    """Spaces as gzip, a thousand times larger than they look."""
    handler.send_response(200)
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Connection", "close")
    handler.end_headers()
    pack = zlib.compressobj(wbits=31)
    with suppress(OSError):
        while True:
            handler.wfile.write(pack.compress(b" " * (1 << 24)))
            handler.wfile.flush()


def test_an_answer_that_never_ends_is_left_at_its_bound(monkeypatch):
    monkeypatch.setattr("cli.connection._MOST_BYTES", 1 << 20)
    with Loopback() as server:
        server.paths["/openapi/api/v1/limits"] = endless
        answer = Connection(server.url, Token("t")).limits()

    assert (answer.status, answer.document) == (200, {})


def test_a_line_that_never_ends_is_refused_at_its_bound(monkeypatch):
    monkeypatch.setattr("cli.connection._MOST_LINE", 1 << 20)
    with Loopback() as server:
        server.paths["/openapi/api/v1/jobs/J1/results"] = endless
        with (
            Connection(server.url, Token("t")).job_lines("/J1/results") as stream,
            pytest.raises(Refused, match="have a line of more than"),
        ):
            list(stream.lines)


@responses.activate
def test_json_that_nests_too_deep_is_no_document(connection):
    responses.get(f"{URL}/openapi/api/v1/limits", body="[" * 100_000)

    assert connection.limits().document == {}


def test_what_is_said_is_one_short_line_without_commands_for_a_terminal():
    said = Answer(status=500, document={"detail": "a\x1b[2J\nb" + "c" * 5_000}).said

    assert said.startswith("a [2J bccc")
    assert len(said) == 1_001
