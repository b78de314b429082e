"""What no answer and no log line may tell: tokens, keys, payloads, the core's own words, hosts, ports, source lines.

One stack of this module goes through every kind of error that it can give, ending with a core that is gone; what it
answered and what it logged (at debug level) is then read as an outsider would.
"""

from __future__ import annotations

import json
import re
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from sandbox.core import seed
from sandbox.core.magic import FAULT_OF_NUMBER
from sandbox.identity.realm import CLIENTS
from sandbox.stack import Stack
from sandbox.web import Reply, call
from tests.e2e.stack import BULK, Partner
from tests.faults.house import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.e2e
PAYLOAD = "payload-that-nobody-may-repeat"
FORGED = '\r\n{"event": "forged", "level": "info"}\r\n\x1b[31m'
_INSIDE = re.compile(
    r"Traceback|File \"|line \d+, in|\.py\b|site-packages|gunicorn|werkzeug|flask|gevent|requests\.|urllib3|orjson|"
    r"marshmallow|redis|sqlite|Errno|Exception|0x[0-9a-f]{6,}|<html|Log in|query results|Unauthenticated|"
    r"This action is|elsewhere|closed connection",
    re.IGNORECASE,
)


class Told:
    """Everything that one stack answered and logged while it was mistreated."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.partner = Partner(stack)
        self.token = stack.token()
        self.bad_tokens = self._bad_tokens()
        self.key = stack.api_key()
        self.answers: dict[str, Reply] = {}
        self._ask_core()
        self._ask_wrongly()
        self._ask_integrations()
        self._speak_badly()
        stack.core.kill()
        self._keep("the core is gone", self.partner.patch(item(19000), x_request_id="the-last"))
        self.log = eventually(self._log_to_the_end)

    def secrets(self) -> list[str]:
        """What must stand nowhere."""
        tokens = [self.token, *self.bad_tokens]
        parts = [part for token in tokens for part in token.split(".")[1:] if len(part) > 20]
        return [*tokens, *parts, self.key, self.key[8:], *(c.secret for c in CLIENTS.values() if c.secret), PAYLOAD]

    def _log_to_the_end(self) -> str:
        """Empty until the last request is told, some milliseconds after its answer."""
        log = self.stack.gateway.log.read_text()
        told = [line for line in log.splitlines(keepends=True) if "request_ended" in line and "the-last" in line]
        return log if told and told[-1].endswith("\n") else ""

    def _keep(self, name: str, reply: Reply) -> None:
        self.answers[name] = reply

    def _bad_tokens(self) -> list[str]:
        orders = ({"key": "foreign"}, {"key": "none"}, {"claims": {"aud": "other"}}, {"claims": {"exp": 1}},
                  {"header": {"kid": "unknown"}}, {"claims": {"iss": "https://evil.example"}})  # fmt: skip
        return [self.stack.identity.control("POST", "mint", order)["token"] for order in orders]

    def _ask_core(self) -> None:
        for number in FAULT_OF_NUMBER:
            self._keep(f"core {number}", self.partner.patch(item(90_000 + number), idempotency_key=f"leak-{number}"))
        self._keep("a mixed batch", self.partner.patch(item(19000), item(90404), item(90601)))

    def _ask_wrongly(self) -> None:
        for number, token in enumerate(self.bad_tokens):
            self._keep(f"bad token {number}", self.partner.patch(item(1), authorization=f"Bearer {token}"))
        self._keep("a token in the query", self.partner.patch(item(1), query=f"?access_token={self.token}"))
        self._keep("a token as a parameter", self.partner.patch(item(1), query=f"?{self.token}=1&{PAYLOAD}"))
        self._keep("a key at the wrong door", self.partner.patch(item(1), authorization=f"Bearer {self.key}"))
        self._keep("a reader", Partner(self.stack, "reader").patch(item(1)))
        self._keep("an invalid item", self.partner.patch(item(1, status=PAYLOAD)))
        self._keep("no such path", self.partner.call("GET", "/nowhere"))
        self._keep("another method", self.partner.call("DELETE", BULK))
        self._keep("a media type", self.partner.call("PATCH", BULK, {"data": []}, Content_Type="text/" + "x" * 90))
        self._keep("a bad key", self.partner.patch(item(1), idempotency_key=f"a b {PAYLOAD}"))
        self._keep("a bad request id", self.partner.patch(item(1, x=1), x_request_id=f"{self.token} {PAYLOAD}"))
        self._keep("a name that forges", self.partner.patch(item(1, **{FORGED: PAYLOAD})))
        text = self.partner.patch(item(19001, details={"en": PAYLOAD + FORGED}))
        assert text.status == 200

    def _ask_integrations(self) -> None:
        integration = seed.integrations()[0]
        for key in (self.key, "nonsense", self.key[:-1] + "x", self.token):
            for target in (integration.id, "0" * 8):
                self._keep(
                    f"integration {key[:6]} {target}", self.partner.put(target, integration.id, {"name": PAYLOAD}, key)
                )

    def _speak_badly(self) -> None:
        head = f"PATCH {BULK} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.token}\r\n"
        for number, rest in enumerate((f"{PAYLOAD}\r\n\r\n", f"X: \x00{PAYLOAD}\r\n\r\n", f"Content-Length: {PAYLOAD}\r\n\r\n",
                                       f"Transfer-Encoding: {PAYLOAD}\r\n\r\n", f"Expect: {PAYLOAD}\r\n\r\n")):  # fmt: skip
            self._keep(f"no HTTP {number}", spoken(self.stack, head + rest))


def item(action_id: int, **fields: object) -> dict[str, object]:
    return {"actionId": str(action_id), **(fields or {"status": "done"})}


def spoken(stack: Stack, text: str) -> Reply:
    """The answer to bytes that are no HTTP."""
    where = urlsplit(stack.gateway.url)
    with socket.create_connection((where.hostname, where.port), timeout=20) as connection:
        connection.sendall(text.encode("latin-1"))
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    return Reply(int(head.split()[1]), {name.lower(): value for name, value in fields.items()}, body)


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    settings = {"LOG_LEVEL": "debug", "LOG_FORMAT": "json", "LOG_FAILED_ITEMS": "100", "CIRCUIT_ENABLED": "false",
                "BATCH_DEADLINE": "3", "ITEM_DEADLINE": "2", "CORE_TIMEOUT": "0.5", "RETRY_BASE": "0.01"}  # fmt: skip
    with Stack(settings) as stack:
        yield Told(stack)


def test_every_kind_of_error_was_seen(told: Told) -> None:
    statuses = {reply.status for reply in told.answers.values()}

    assert statuses >= {200, 207, 400, 401, 403, 404, 405, 415, 417, 501, 502, 503, 504}
    assert 500 not in statuses


def test_no_error_answer_tells_of_the_inside(told: Told) -> None:
    outside = told.stack.gateway.url
    core, identity = (urlsplit(part.url).netloc for part in (told.stack.core, told.stack.identity))
    forbidden = [*told.secrets(), core, identity, str(told.stack.folder), "127.0.0.1", "localhost"]
    found = {}
    for name, reply in told.answers.items():
        shown = [f"{field}: {value}" for field, value in reply.headers.items() if field != "server"]
        text = "\n".join([*shown, reply.body.decode()]).replace(outside, "")
        if leaks := [secret for secret in forbidden if secret in text] + _INSIDE.findall(text):
            found[name] = leaks

    assert found == {}


def test_every_error_answer_is_a_problem_document(told: Told) -> None:
    for name, reply in told.answers.items():
        if reply.status >= 400:
            assert reply.headers["content-type"] == "application/problem+json", name
            assert reply.json()["instance"] == f"urn:request:{reply.headers['x-request-id']}", name


def test_the_server_does_not_tell_its_version(told: Told) -> None:
    assert {reply.headers.get("server", "gunicorn") for reply in told.answers.values()} == {"gunicorn"}


def test_no_log_line_holds_a_token_a_key_or_a_payload(told: Told) -> None:
    assert [line for line in told.log.splitlines() if any(secret in line for secret in told.secrets())] == []
    assert not re.search(r"eyJ[\w-]{10,}\.|Bearer [\w-]{8,}", told.log)


def test_no_log_line_holds_the_core_s_own_words(told: Told) -> None:
    for word in ("query results", "Unauthenticated", "unauthorized", "<html", "Log in", "closed period"):
        assert word not in told.log


def test_every_log_line_is_one_event_and_none_is_forged(told: Told) -> None:
    events = [json.loads(line) for line in told.log.splitlines()]

    assert len(events) > len(told.answers)
    assert all(event["event"] and event["level"] for event in events)
    assert "forged" not in {event["event"] for event in events}
    assert "\x1b" not in told.log


def test_refusals_are_logged_with_their_reason(told: Told) -> None:
    events = [json.loads(line) for line in told.log.splitlines()]

    assert len([event for event in events if event["event"] == "access_refused" and event["reason"]]) >= len(
        told.bad_tokens
    )
    assert {"request_ended", "request_refused"} <= {event["event"] for event in events}


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/openapi.json"])
def test_the_open_pages_tell_no_secret(stack: Stack, path: str) -> None:
    text = call("GET", stack.gateway.url + path).body.decode()

    assert not [client.secret for client in CLIENTS.values() if client.secret and client.secret in text]
    assert urlsplit(stack.core.url).netloc not in text
    assert urlsplit(stack.identity.url).netloc not in text
