from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from sandbox.core.app import Core
from sandbox.core.database import Database
from sandbox.core.errors import core_faults
from sandbox.core.trouble import Trouble
from sandbox.server.connection import Traffic
from sandbox.server.messages import Answer, Handler, Refusal, Request
from sandbox.server.serve import serving

if TYPE_CHECKING:
    from sandbox.core.dialects.base import Dialect

Serve = Callable[[Callable[[str], Handler]], str]


def answer_of(handler: Handler, request: Request) -> Answer:
    """What the server sends: a refusal is an answer too."""
    try:
        return handler(request)
    except Refusal as refusal:
        return refusal.answer


class CoreClient:
    """Calls a core without a socket."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        content = b"" if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
        named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
        return answer_of(self._core, Request(method, path, {"content-type": "application/json", **named}, content))

    def patch(self, action_id: int, body: Any, **headers: str) -> Answer:
        return self.call("PATCH", f"/actions/{action_id}", body, **headers)

    def data(self, path: str) -> Any:
        return orjson.loads(self.call("GET", path).body)["data"]

    def counts(self) -> Any:
        return orjson.loads(self.call("GET", "/_sandbox/calls").body)


@pytest.fixture
def make_core(tmp_path) -> Iterator[Callable[..., CoreClient]]:
    """Makes cores: ``make_core(needs_bearer=True, latency_ms=20)``."""
    with ExitStack() as stack:

        def make(
            *,
            needs_bearer: bool = False,
            honours_idempotency: bool = True,
            dialect: Dialect | None = None,
            **weather: Any,
        ) -> CoreClient:
            database = Database(tmp_path / "core.sqlite3")
            stack.callback(database.close)
            trouble = Trouble(core_faults(), weather)
            switches = {"needs_bearer": needs_bearer, "honours_idempotency": honours_idempotency}
            return CoreClient(Core(database, trouble, Traffic(in_flight=1), **switches, dialect=dialect))

        yield make


@pytest.fixture
def core(make_core) -> CoreClient:
    return make_core()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves a handler on a free loopback port until the test ends: ``url = serve(lambda url: handler)``."""
    with ExitStack() as stack:
        yield lambda build: stack.enter_context(_served(build))


@contextmanager
def _served(build: Callable[[str], Handler]) -> Iterator[str]:
    running: Future[tuple[str, Callable[[], None]]] = Future()
    thread = threading.Thread(target=asyncio.run, args=(_serve(build, running),), daemon=True)
    thread.start()
    url, stop = running.result(10)
    try:
        yield url
    finally:
        stop()
        thread.join(10)


async def _serve(build: Callable[[str], Handler], running: Future[tuple[str, Callable[[], None]]]) -> None:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with serving(lambda url, _: build(url), listener) as url:
            running.set_result((url, lambda: loop.call_soon_threadsafe(stopped.set)))
            await stopped.wait()
