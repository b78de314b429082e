"""HTTP as its documents ask for it, clause by clause, on bare sockets (``faults.md`` 2.2). Framing is in ``test_hostile_http``."""

from __future__ import annotations

import pytest

from tests.e2e.clauses import BATCH, JSON, assert_problem
from tests.e2e.stack import BULK

pytestmark = pytest.mark.e2e
HEADS_ARE_READ_BOTH_WAYS = True


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"]
)
def test_rfc9110_15_5_16_another_media_type_is_told_what_is_taken(ask, core, kind):
    answer = ask(Content_Type=kind)

    assert_problem(answer, 415, "unsupported-media-type")
    assert answer.headers["accept-patch"] == JSON
    assert core.counts()["total"] == 0


def test_rfc9110_15_5_16_on_put_the_field_is_accept(stack, ask):
    key = stack.api_key("clauses")
    ids = "3d2f9a52-6a3e-4f0f-9f5d-0c1f4a2b7c10"
    answer = ask(
        "PUT", f"/integrations/v1/{ids}/actions/{ids}", Authorization=f"Bearer {key}", Content_Type="text/plain"
    )

    assert_problem(answer, 415, "unsupported-media-type")
    assert answer.headers["accept"] == JSON


def test_rfc9110_8_4_a_coding_that_is_not_known_is_told_which_are(ask):
    answer = ask(Content_Encoding="br")

    assert_problem(answer, 415, "unsupported-media-type")
    assert answer.headers["accept-encoding"] == "gzip, identity"


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE", "TRACE", "OPTIONS", "PROPFIND", "FOO"])
def test_rfc9110_15_5_6_another_method_is_told_which_are_allowed(ask, method):
    answer = ask(method)

    assert_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "PATCH"


def test_rfc9110_9_3_2_the_answer_to_head_has_no_body(client):
    client.send(b"HEAD /livez HTTP/1.1\r\nHost: x\r\n\r\n")
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.sock.recv(1)
    client.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 200")
    assert client.read().json() == {"status": "ok"}


def test_rfc9110_15_5_7_who_takes_no_json_gets_none(ask, core):
    assert_problem(ask(Accept="text/html"), 406, "not-acceptable")
    assert core.counts()["total"] == 0


@pytest.mark.parametrize(
    ("request_", "status", "slug"),
    [
        ({"target": "/" + "a" * 5000}, 414, "uri-too-long"),
        ({"X_Long": "a" * 9000}, 431, "headers-too-large"),
        ({"body": b" " * 6_000_000}, 413, "body-too-large"),
    ],
    ids=["target", "headers", "body"],
)
def test_rfc9110_15_5_14_what_is_too_large_is_refused_and_the_connection_ends(ask, client, request_, status, slug):
    answer = ask(**request_)

    assert_problem(answer, status, slug)
    assert answer.headers["connection"] == "close"
    assert client.is_closed()


def test_rfc9110_8_6_without_a_length_there_is_no_body(ask):
    assert_problem(ask(body=b"", Content_Length=None), 400, "invalid-json")


def test_rfc9110_10_1_1_who_waits_to_send_a_body_hears_the_refusal_instead(ask, client, core):
    answer = ask(body=b"", Content_Length="5000000", Expect="100-continue", Authorization="Bearer bad")

    assert_problem(answer, 401, "invalid-token")
    assert answer.headers["connection"] == "close"
    assert client.is_closed()
    assert core.counts()["total"] == 0


def test_rfc9110_10_1_1_who_may_send_is_asked_for_the_body(ask, client):
    interim = ask(body=b"", Content_Length=str(len(BATCH)), Expect="100-continue")
    answer = client.send(BATCH).read()

    assert (interim.status, answer.status) == (100, 200)
    assert answer.headers["connection"] == "keep-alive"


def test_rfc9110_10_1_1_another_expectation_cannot_be_met(ask):
    assert ask(Expect="202-accepted").status == 417


@pytest.mark.parametrize(
    ("method", "target"),
    [("PATCH", BULK), ("PUT", f"/integrations/v1/{'0' * 8}-0000-0000-0000-{'0' * 12}/actions/x")],
)
def test_rfc9110_15_5_2_every_401_carries_a_challenge(ask, method, target):
    answer = ask(method, target, Authorization=None)

    assert_problem(answer, 401, "invalid-token")
    assert answer.headers["www-authenticate"] == 'Bearer realm="gateway"'


def test_rfc9110_10_2_3_who_may_come_back_is_told_when(ask, core):
    core.script(a19000=["503", "503", "503"])
    answer = ask()

    assert_problem(answer, 503, "temporarily-unavailable")
    assert int(answer.headers["retry-after"]) >= 1


def test_rfc9110_7_6_1_hop_by_hop_headers_go_no_further(ask, core):
    answer = ask(Connection="Authorization, X-Secret", TE="trailers", X_Secret="1", Proxy_Authorization="Basic eA==")
    (entry,) = core.journal()

    assert answer.status == 200
    assert not {"te", "proxy-authorization", "x-secret", "connection"} & {
        name.lower() for name in entry.get("headers", {})
    }


def test_rfc9112_2_6_http_1_0_needs_no_host_and_is_answered_once(ask, client):
    answer = ask("GET", "/livez", b"", "1.0", Host=None)

    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert client.is_closed()


def test_rfc9112_9_3_a_connection_carries_request_after_request(ask):
    assert [ask().status for _ in range(3)] == [200] * 3


def test_rfc9112_9_3_2_requests_in_a_pipeline_are_answered_in_order(client, core):
    client.send(
        b"".join(f"GET /problems/{slug} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for slug in ("conflict", "nothing"))
    )

    assert [client.read().status, client.read().status] == [200, 404]


def test_rfc9112_9_6_who_asks_for_the_end_gets_it(ask, client):
    assert ask(Connection="close").headers["connection"] == "close"
    assert client.is_closed()


def test_rfc4918_13_207_means_that_outcomes_differ(ask):
    mixed = ask(body=b'{"data":[{"actionId":"19000","status":"done"},{"actionId":"90404","status":"done"}]}')

    assert (ask().status, mixed.status) == (200, 207)


@pytest.mark.parametrize(
    "body",
    [
        b'{"data":[{"actionId":"1","status":NaN}]}',
        b'{"data":[],"data":[]}',
        b'{"data":[{"actionId":"\\ud800"}]}',
        b"\xef\xbb\xbf" + BATCH,
        BATCH.decode().encode("utf-16"),
        b"[" * 1_000,
    ],
    ids=["not-a-number", "a-name-twice", "half-a-character", "byte-order-mark", "utf-16", "depth"],
)
def test_rfc7493_json_that_readers_read_differently_is_refused(ask, core, body):
    assert_problem(ask(body=body), 400, "invalid-json")
    assert core.counts()["total"] == 0


def test_rfc8259_9_a_hundred_thousand_opening_arrays_are_too_many(ask, core):
    assert_problem(ask(body=b"[" * 100_000), 413, "body-too-large")
    assert core.counts()["total"] == 0
