"""Real gunicorns on loopback, in front of cores that a test scripts and behind one identity provider that they share."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import time
from typing import TYPE_CHECKING, Any, Self

import psutil

from sandbox.stack import Stack
from sandbox.web import Reply, call
from tests.faults.client import Answer, Client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BULK = "/openapi/api/v1/actions"
# Short budgets, so that what waits for the end of one ends soon; and nothing that one test leaves for the next.
QUICK = {
    "CORE_TIMEOUT": "1",
    "CORE_CONNECT_TIMEOUT": "0.3",
    "ITEM_DEADLINE": "3",
    "BATCH_DEADLINE": "3",
    "HEADER_TIMEOUT": "1",
    "BODY_TIMEOUT": "1",
    "ANSWER_TIMEOUT": "1",
    "DRAIN_DELAY": "0.2",
    "CIRCUIT_ENABLED": "false",
    "RETRY_BASE": "0.01",
    "RETRY_BUDGET": "1",
    "RETRY_BUDGET_FLOOR": "10000",
    "CORE_HONOURS_IDEMPOTENCY": "false",
    "LOG_LEVEL": "debug",
}


class Home(Stack):
    """The identity provider alone."""

    def __enter__(self) -> Self:
        self.identity.start()
        return self


class Gateway(Stack):
    """A gunicorn with settings and state of its own; ``surroundings`` are further variables of its environment."""

    def __init__(
        self,
        home: Stack,
        core_url: str,
        settings: Mapping[str, str] | None = None,
        *,
        surroundings: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        own = {**QUICK, "CORE_URL": core_url, "KEYCLOAK_URL": home.identity.url}
        super().__init__({**own, **(settings or {})}, ready="/livez", **more)
        self.identity = home.identity
        self._usual_token, self._usual_until = "", 0.0
        self._surroundings = surroundings or {}

    def __enter__(self) -> Self:
        self.gateway.environment = self.environment() | dict(self._surroundings)
        self.gateway.start()
        return self

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.gateway.url

    def patch(self, *items: Any, seconds: float = 30.0, **headers: str) -> Reply:
        """One batch of the usual partner; an item may be just its id."""
        whole = [item if isinstance(item, dict) else {"actionId": str(item), "status": "active"} for item in items]
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {self.usual_token()}"
        return call("PATCH", self.url + BULK, json_body={"data": whole}, headers=sent, seconds=seconds)

    def put(self, uuid: str, key: str) -> Reply:
        """Replace one integration action."""
        path = f"/integrations/v1/{uuid}/actions/{uuid}"
        return call("PUT", self.url + path, json_body={"name": "x"}, headers={"Authorization": f"Bearer {key}"})

    def minted(self, header: Mapping[str, Any] | None = None, key: str = "active", **claims: Any) -> str:
        """A token to order; a claim of None is left out."""
        wanted = {"claims": claims, "header": header or {}, "key": key}
        token: str = self.identity.control("POST", "mint", wanted)["token"]
        return token

    def get(self, path: str) -> Reply:
        """One of the other endpoints."""
        return call("GET", self.url + path)

    def dial(self) -> Client:
        """A socket to it, for bytes that no client library would send."""
        return Client(self.url)

    def exchange(self, data: bytes) -> Answer:
        """Send these bytes on a connection of their own; the answer to them."""
        with self.dial() as client:
            return client.send(data).read()

    def batch(self, *ids: object, framing: str = "", **headers: str) -> bytes:
        """The bytes of a batch, with further lines for its head in ``framing``."""
        items = ",".join(f'{{"actionId":"{item}","status":"active"}}' for item in ids)
        return self.request(f'{{"data":[{items}]}}'.encode(), framing, **headers)

    def request(self, body: bytes, framing: str = "", **headers: str) -> bytes:
        """The bytes of a PATCH of this body; a header of None is left out."""
        usual: dict[str, Any] = {
            "Host": "gateway",
            "Authorization": f"Bearer {self.usual_token()}",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        }
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{name}: {value}\r\n" for name, value in {**usual, **named}.items() if value is not None]
        return f"PATCH {BULK} HTTP/1.1\r\n{''.join(lines)}{framing}\r\n".encode("latin-1") + body

    def usual_token(self) -> str:
        """A token of the usual partner, fetched once a minute: a suite may last longer than a token."""
        if time.monotonic() >= self._usual_until:
            self._usual_token, self._usual_until = self.token(), time.monotonic() + 60.0
        return self._usual_token

    def attempts(self) -> dict[str, int]:
        """Attempts at the core so far, by result."""
        lines = self.get("/metrics").body.decode().splitlines()
        found = {}
        for line in lines:
            if line.startswith("gateway_core_attempts_total{"):
                name, _, value = line.partition("} ")
                found[name.split('result="')[1].rstrip('"')] = int(float(value))
        return found

    def workers(self) -> list[psutil.Process]:
        """Its worker processes; one that ends while they are listed is none any more."""
        everyone, parents = [], set()
        for process in psutil.Process(self.gateway.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                parents.add(process.ppid())
                everyone.append(process)
        return [process for process in everyone if process.pid not in parents]

    def master(self) -> psutil.Process:
        """The process that minds the workers."""
        return self.workers()[0].parent()

    def log(self) -> str:
        """What it has logged so far."""
        return self.gateway.log.read_text(errors="replace")

    def told(self, event: str) -> int:
        """How often an event stands in the log, which the log's pipe may bring after the answer: waits for the first."""
        return eventually(lambda: self.log().count(f'"event":"{event}"'))

    def _stop(self) -> None:
        self.gateway.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def outcomes(reply: Reply | Answer) -> dict[str, tuple[str, str]]:
    """``{action id: (code, outcome)}`` of the items that failed."""
    return {error["actionId"]: (error["code"], error["outcome"]) for error in reply.json().get("errors", [])}


def succeeded(reply: Reply | Answer) -> list[str]:
    """The ids of the items that were updated."""
    return [action["actionId"] for action in reply.json().get("data", [])]


def eventually(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """What the condition gives once that is true. Fails when it does not become so."""
    give_up = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < give_up, "it did not come true"
        time.sleep(0.01)
    return found


new_ids = itertools.count(20_000)
"""Action ids that no test has used: what the core saw of one is this test's."""
