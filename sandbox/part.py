"""One server of a stack: a process group that answers on a loopback port and surely ends."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.web import call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).parent.parent
LEASH = Path(__file__).with_name("leash.py")
START_SECONDS = 30.0
TELL_SECONDS = 3.0
STOP_SECONDS = 10.0
_POLL_SECONDS = 0.02
_FIRST_STARTS = 3
_TAIL_LINES = 20


class StackError(Exception):
    """A server did not start or get ready in time. The message ends with its last log lines."""


class NotReady(StackError):
    """A server runs but does not get ready. The message has its last answer."""


class Part:
    """A server with one URL over all its restarts.

    Start it from the thread that lives longest: it ends with that thread.
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
        tell_seconds: float = TELL_SECONDS,
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self.environment = environment
        self._command = command
        self._ready = ready
        self._start_seconds = start_seconds
        self._tell_seconds = tell_seconds
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """The process that was started; its workers are its children."""
        if self._process is None:
            raise StackError(f"{self.name} was not started")
        return self._process.pid

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

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self, seconds: float = STOP_SECONDS) -> int | None:
        """Ask it to end, and kill it after ``seconds``. Its exit code, or None where it was killed."""
        return self._end(signal.SIGTERM, seconds)

    def kill(self) -> None:
        """Kill the whole process group."""
        self._end(signal.SIGKILL, STOP_SECONDS)

    def control(self, method: str, name: str, body: object = None) -> Any:
        """Call ``/_sandbox/NAME``; the JSON answer."""
        reply = call(method, f"{self.url}/_sandbox/{name}", json_body=body)
        if reply.status != http.client.OK:
            raise StackError(f"{self.name} refused {name}: {reply.body.decode()}")
        return reply.json()

    def tail(self) -> str:
        """The last lines of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])

    def _launch(self) -> None:
        command = [sys.executable, "-S", "-E", str(LEASH), str(os.getpid()), *self._command(self._port)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, env=dict(self.environment),
                start_new_session=True,
            )  # fmt: skip
        try:
            self._wait()
        except BaseException:
            self.kill()
            raise

    def _wait(self) -> None:
        began = time.monotonic()
        told = False
        while (answer := self._answer()) is not None:
            if not self.is_running():
                raise StackError(f"{self.name} ended while starting:\n{self.tail()}")
            waited = time.monotonic() - began
            if waited > self._start_seconds:
                raise NotReady(
                    f"{self.name} was not ready after {self._start_seconds:g} s; {self._ready} said: {answer}\n{self.tail()}"
                )
            if waited > self._tell_seconds and not told:
                told = True
                print(f"waiting for {self.name} at {self.url}{self._ready}, which says: {answer}", file=sys.stderr)
            time.sleep(_POLL_SECONDS)

    def _answer(self) -> str | None:
        """Its answer while it is not ready, else None."""
        try:
            reply = call("GET", self.url + self._ready, seconds=1.0)
        except (OSError, http.client.HTTPException) as exc:
            return type(exc).__name__
        return None if reply.status == http.client.OK else reply.body.decode(errors="replace").strip()

    def _end(self, first: signal.Signals, seconds: float) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        try:
            process.send_signal(first)
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_SECONDS)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
