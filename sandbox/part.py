"""One server of a stack: it answers on a loopback port."""

from __future__ import annotations

import http.client
import socket
import sys
import time
from typing import TYPE_CHECKING, Any

from sandbox.background import Background, StackError
from sandbox.web import call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

START_SECONDS = 30.0
STARTS_SECONDS = 3.0
TELL_SECONDS = 10.0
_POLL_SECONDS = 0.02
_FIRST_STARTS = 3
_WAITS = "waiting for {0.name} at {0.url}{path}, which says: {answer}"


class NotReady(StackError):
    """A server runs but does not get ready. The message has its last answer."""


class Part(Background):
    """A server with one URL over all its restarts.

    ``port`` 0: a free one, chosen at the first start.
    """

    def __init__(
        self,
        name: str,
        command: Callable[[int], list[str]],
        folder: Path,
        ready: str,
        *,
        environment: Mapping[str, str],
        port: int = 0,
        start_seconds: float = START_SECONDS,
        starts_seconds: float = STARTS_SECONDS,
        tell_seconds: float = TELL_SECONDS,
    ) -> None:
        super().__init__(name, folder, environment=environment)
        self._command = command
        self._ready = ready
        self._start_seconds = start_seconds
        self._starts_seconds, self._tell_seconds = starts_seconds, tell_seconds
        self._port = port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Raises StackError."""
        if self._port:
            self._launch()
            return
        for remaining in reversed(range(_FIRST_STARTS)):
            # Between choosing a free port and binding it, another process may take it.
            self._port = _free_port()
            try:
                self._launch()
                return
            except NotReady:
                # Its port is its own: another would be no better.
                raise
            except StackError:
                if not remaining:
                    raise

    def control(self, method: str, name: str, body: object = None) -> Any:
        """Call ``/_sandbox/NAME``; the JSON answer."""
        reply = call(method, f"{self.url}/_sandbox/{name}", json_body=body)
        if reply.status != http.client.OK:
            raise StackError(f"{self.name} refused {name}: {reply.body.decode()}")
        return reply.json()

    def _launch(self) -> None:
        self.run(self._command(self._port))
        try:
            self._wait()
        except BaseException:
            self.kill()
            raise

    def _wait(self) -> None:
        began = time.monotonic()
        # Most are ready by then. A machine that is busy is no fault, and what lasts is.
        words = [(self._starts_seconds, "starting {0.name} at {0.url}"), (self._tell_seconds, _WAITS)]
        while (answer := self._answer()) is not None:
            if not self.is_running():
                raise StackError(f"{self.name} ended while starting:\n{self.tail()}")
            waited = time.monotonic() - began
            if waited > self._start_seconds:
                raise NotReady(
                    f"{self.name} was not ready after {self._start_seconds:g} s; {self._ready} said: {answer}\n{self.tail()}"
                )
            if words and waited > words[0][0]:
                print(words.pop(0)[1].format(self, path=self._ready, answer=answer), file=sys.stderr)
            time.sleep(_POLL_SECONDS)

    def _answer(self) -> str | None:
        """Its answer while it is not ready, else None."""
        try:
            reply = call("GET", self.url + self._ready, seconds=1.0)
        except (OSError, http.client.HTTPException) as exc:
            return type(exc).__name__
        return None if reply.status == http.client.OK else reply.body.decode(errors="replace").strip()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
