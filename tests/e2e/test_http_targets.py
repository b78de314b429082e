"""Hosts, targets and the spelling of paths, clause by clause, on bare sockets (``faults.md`` 2.2)."""

from __future__ import annotations

import pytest

from tests.e2e.clauses import assert_problem
from tests.e2e.stack import BULK

pytestmark = pytest.mark.e2e
HEADS_ARE_READ_BOTH_WAYS = True


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
