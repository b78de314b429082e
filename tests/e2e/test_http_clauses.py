"""HTTP as its documents ask for it, clause by clause, on bare sockets (``faults.md`` 2.2). Framing is in ``test_hostile_http``."""

from __future__ import annotations

import json

import pytest

from tests.e2e.stack import BULK
from tests.faults.client import Client

pytestmark = pytest.mark.e2e
HEADS_ARE_READ_BOTH_WAYS = True
BATCH = b'{"data":[{"actionId":"19000","status":"done"}]}'
JSON = "application/json"


@pytest.fixture(scope="module")
def token(shared_stack):
    return shared_stack.token()


@pytest.fixture
def client(stack):
    with Client(stack.gateway.url) as connected:
        yield connected


@pytest.fixture
def ask(client, token):
    """Sends one request and gives the answer; a header of None is left out."""

    def ask(method="PATCH", target=BULK, body=BATCH, version="1.1", extra="", **headers):
        usual = {
            "Host": "gateway.test",
            "Authorization": f"Bearer {token}",
            "Content-Type": JSON,
            "Content-Length": str(len(body)),
        }
        given = {**usual, **{name.replace("_", "-"): value for name, value in headers.items()}}
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value is not None)
        return client.send(f"{method} {target} HTTP/{version}\r\n{lines}{extra}\r\n".encode("latin-1") + body).read()

    return ask


def assert_problem(answer, status, slug):
    """RFC 9457: the media type, the status twice, a type that is a URI, and no word of the inside."""
    problem = answer.json()
    assert (answer.status, problem["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"].endswith(f"/problems/{slug}")
    assert problem["instance"] == f"urn:request:{answer.headers['x-request-id']}"
    assert not {"Traceback", "127.0.0.1", "/core"} & set(json.dumps(problem).split())


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


BAD_HOSTS = {
    "nothing": "",
    "a user": "user@gateway.test",
    "a user and a secret": "user:secret@gateway.test",
    "a path": "gateway.test/metrics",
    "a scheme": "http://gateway.test",
    "a query": "gateway.test?x",
    "a fragment": "gateway.test#x",
    "a blank": "gateway test",
    "two names": "gateway.test, other.test",
    "two ports": "gateway.test:80:81",
    "an empty label": "gateway..test",
    "empty labels at the end": "gateway.test..",
    "an empty label in front": ".gateway.test",
    "a dot": ".",
    "a dot and a port": ".:80",
    "a port alone": ":80",
    "a port of letters": "gateway.test:http",
    "a port past all ports": "gateway.test:65536",
    "a backslash": "gateway.test\\x",
    "quotes": '"gateway.test"',
    "angle brackets": "<script>",
    "half an escape": "gateway%2",
    "a high byte": "g\xe4teway.test",
    "an open bracket": "[::1",
    "brackets around a name": "[gateway.test]",
    "no such address": "[1::2::3]",
    "a zone": "[fe80::1%25eth0]",
}


@pytest.mark.parametrize("host", BAD_HOSTS.values(), ids=BAD_HOSTS.keys())
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_rfc9112_3_2_a_host_that_is_none_is_refused(ask, client, core, host, version):
    assert_problem(ask(Host=host, version=version), 400, "bad-request")
    assert client.is_closed()
    assert core.counts()["total"] == 0


@pytest.mark.parametrize(
    "host",
    [
        "gateway.test",
        "GATEWAY.test:8080",
        "gateway.test:",
        "127.0.0.1:80",
        "[::1]",
        "[::ffff:127.0.0.1]:80",
        "a_b",
        "%67",
        "[v1.x:y]",
        "[v1.x..y]",
        "gateway.test.",
        "gateway.test.:80",
        "a" * 70 + ".test",
    ],
)
def test_rfc9112_3_2_a_host_is_a_name_or_an_address_with_or_without_a_port(ask, host):
    assert ask("GET", "/livez", b"", Host=host).status == 200


def test_rfc9112_3_2_2_the_host_of_an_absolute_target_rules(ask):
    answer = ask("GET", "http://target.test:8080/nowhere", b"", Host="other.test")

    assert answer.json()["type"] == "http://target.test:8080/problems/no-such-page"


@pytest.mark.parametrize(
    "target",
    [
        "http:///livez",
        "http://gateway..test/livez",
        "http://user@gateway.test/livez",
        "ftp://gateway.test/livez",
        "http://a b/livez",
        "x://",
        "http://g:99999/livez",
    ],
)
def test_rfc9112_3_2_2_an_absolute_target_needs_a_host_that_is_one(ask, client, target):
    assert_problem(ask("GET", target, b""), 400, "bad-request")
    assert client.is_closed()


@pytest.mark.parametrize("target", ["/livez#x", "/livez?x#y", "http://gateway.test/livez#x", "#"])
def test_rfc9112_3_2_a_target_has_no_fragment(ask, target):
    assert_problem(ask("GET", target, b""), 400, "bad-request")


@pytest.mark.parametrize(
    "fields",
    [
        "Upgrade: websocket\r\n",
        "Upgrade: websocket\r\nConnection: Upgrade\r\n",
        "Upgrade: h2c\r\nConnection: upgrade\r\n",
    ],
)
def test_rfc9110_7_8_an_upgrade_is_ignored(ask, fields):
    assert ask(extra=fields).status == 200
    assert ask("GET", "/livez", b"", extra=fields).json() == {"status": "ok"}


def test_rfc9110_2_5_a_later_minor_version_is_answered_as_the_one_that_is_known(client):
    client.sock.sendall(b"GET /livez HTTP/1.2\r\nHost: x\r\n\r\n")
    line = client.sock.recv(15)

    assert line == b"HTTP/1.1 200 OK"


SPELLINGS = [
    "//livez",
    "///livez",
    "/%6civez",
    "/%6Civez",
    "/livez%2f",
    "/livez/",
    "/livez//",
    "/./livez",
    "/x/../livez",
    "/livez/.",
    "/livez/..",
    "/%2e/livez",
    "/livez;x=y",
    "/livez;",
    "/livez%00",
    "/livez%20",
    "/livez%3f",
    "/livez%23",
    "/\\livez",
    "/LIVEZ",
    "/livez%",
    "http://gateway.test//livez",
    "http://gateway.test/%6civez",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("page", ["livez", "readyz", "metrics", "docs", "openapi.json"])
def test_a_path_in_another_spelling_does_not_exist(ask, spelling, page):
    """What a proxy's rule for the path does not see is not served."""
    first = f"%{ord(page[0]):02x}"
    target = (
        spelling.replace("%6civez", first + page[1:])
        .replace("%6Civez", first.upper() + page[1:])
        .replace("livez", page)
        .replace("LIVEZ", page.upper())
    )

    assert_problem(ask("GET", target, b""), 404, "no-such-page")


@pytest.mark.parametrize(
    "target",
    [f"/{BULK}", BULK.replace("api", "%61pi"), f"{BULK}/", BULK.replace("/api", "//api"), BULK.replace("v1", "./v1")],
)
def test_neither_does_the_bulk_endpoint(ask, core, target):
    assert_problem(ask(target=target), 404, "no-such-page")
    assert core.counts()["total"] == 0


@pytest.mark.parametrize("extra", ["Host: other.test\r\n"])
def test_rfc9112_3_2_two_hosts_are_refused(ask, client, extra):
    assert_problem(ask(extra=extra), 400, "bad-request")
    assert client.is_closed()


def test_rfc9112_3_2_no_host_is_refused(ask, client):
    assert_problem(ask(Host=None), 400, "bad-request")
    assert client.is_closed()


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
