"""The sandbox's core on a loop of its own, with one fault at a time: each is what one row of the check is about."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import replace
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import orjson

from sandbox.core.app import Core
from sandbox.core.database import Database
from sandbox.core.errors import core_faults, legacy_error
from sandbox.core.trouble import Trouble
from sandbox.server.connection import Connection, Traffic
from sandbox.server.messages import Answer, Request

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sandbox.core.dialects.base import Dialect

    Fault = Callable[["CheckedCore", Request], Answer | None]

ITEM, MISSING = "19353", "999999999"
TOKEN = "Bearer good"
HTML = Answer(200, b"<!doctype html><title>Log in</title>", (("Content-Type", "text/html"),))
LOGIN = Answer(302, b"", (("Location", "/login?next=secret"),))


class CheckedCore:
    """``fault`` None: all is well. ``has_clock``: answers have a ``Date``. ``writes`` counts updates with a field."""

    def __init__(self, folder: Path, tls: ssl.SSLContext | None = None, dialect: Dialect | None = None) -> None:
        self._database_file = folder / "core.sqlite3"
        self._dialect = dialect
        self._tls = tls
        self.fault: Fault | None = None
        self.has_clock = True
        self.traffic = Traffic()
        self.seen: list[Request] = []
        self.writes = 0
        self.uses: Counter[str] = Counter()
        self.url = ""
        self._ready = threading.Event()

    @contextmanager
    def serving(self) -> Iterator[CheckedCore]:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        self._ready.wait()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join()

    @contextmanager
    def with_fault(self, fault: Fault | None) -> Iterator[CheckedCore]:
        """From the seed on."""
        self._in_loop(lambda: self._own(Request("POST", "/_sandbox/reset", {}, b"")))
        self.fault, self.writes, self.has_clock = fault, 0, True
        self.seen.clear()
        self.uses.clear()
        try:
            yield self
        finally:
            self.fault = None

    def row(self) -> dict[str, Any]:
        answer = self._in_loop(lambda: self._own(Request("GET", f"/actions/{ITEM}", {}, b"")))
        row: dict[str, Any] = orjson.loads(answer.body)["data"]
        return row

    def change(self, fields: Mapping[str, Any]) -> None:
        """As somebody else does."""
        body = orjson.dumps(fields)
        headers = {"content-type": "application/json"}
        ask = lambda: self._own(Request("PATCH", f"/actions/{ITEM}", headers, body))  # noqa: E731 -- runs in the loop
        if threading.current_thread() is self._thread:
            ask()
        else:
            self._in_loop(ask)

    def applied(self) -> list[dict[str, Any]]:
        """Bodies of the updates that changed something, oldest first."""
        answer = self._in_loop(lambda: self._own(Request("GET", "/_sandbox/journal", {}, b"")))
        return [entry["body"] for entry in orjson.loads(answer.body)["data"]]

    def as_usual(self, request: Request, body: Any = None) -> Answer:
        """``body``: as if it had been sent."""
        return self.core(request if body is None else request._replace(body=orjson.dumps(body)))

    def close_at_rest(self, seconds: float) -> None:
        """All connections, if nothing comes for so long."""
        seen = len(self.seen)

        def close() -> None:
            if len(self.seen) == seen:
                self.close_now()

        self._loop.call_later(seconds, close)

    def close_now(self) -> None:
        for transport in list(self.traffic.open):
            self._loop.call_soon(transport.close)

    def _in_loop(self, ask: Callable[[], Answer]) -> Answer:
        async def asked() -> Answer:
            return ask()

        return asyncio.run_coroutine_threadsafe(asked(), self._loop).result(5)

    async def _serve(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        database = Database(self._database_file)
        trouble = Trouble(core_faults(), {})
        self.core, self._own = (
            Core(database, trouble, self.traffic, needs_bearer=False, honours_idempotency=True, dialect=dialect)
            for dialect in (self._dialect, None)
        )
        make = lambda: Connection(self._answer, self.traffic)  # noqa: E731 -- a factory
        servers = [await self._loop.create_server(make, sock=each, ssl=self._tls) for each in self._listeners()]
        self._ready.set()
        await self._stopped.wait()
        for server in servers:
            server.close()
        for transport in list(self.traffic.open):
            transport.abort()
        database.close()

    def _listeners(self) -> Iterator[socket.socket]:
        """With TLS at each address of the name that certificates have."""
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        self.url = f"https://localhost:{port}" if self._tls else f"http://127.0.0.1:{port}"
        yield listener
        # Where the machine has none, its name has no such address.
        with suppress(OSError):
            yield socket.create_server(("::1", port), family=socket.AF_INET6)

    def _answer(self, request: Request) -> Answer:
        self.seen.append(request)
        if is_write(request):
            self.writes += 1
        answer = self.fault(self, request) if self.fault else None
        if answer is None:
            answer = legacy_error(401) if is_stranger(request) else self.core(request)
        if not self.has_clock or any(name == "Date" for name, _ in answer.headers):
            return answer
        return replace(answer, headers=(*answer.headers, ("Date", formatdate(usegmt=True))))


def is_stranger(request: Request) -> bool:
    return request.headers.get("authorization") != TOKEN


def is_missing(request: Request) -> bool:
    return request.path.endswith(f"/{MISSING}") and request.method == "PATCH"


def is_write(request: Request) -> bool:
    return request.path.endswith(f"/{ITEM}") and request.method == "PATCH" and request.body != b"{}"


def value_in(request: Request) -> Any:
    """Of the field, or a word where the body has another one."""
    return orjson.loads(request.body).get("subtitle_en", "another field")


def has_wrong_value(request: Request) -> bool:
    return request.method == "PATCH" and type(value_in(request)) is dict


def has_unknown_field(request: Request) -> bool:
    return b"field_that_the_check_made_up" in request.body
