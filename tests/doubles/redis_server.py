"""A real redis-server for one test session, on a free loopback port and in a folder of its own."""

from __future__ import annotations

import contextlib
import ctypes
import shutil
import signal
import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

BINARY = shutil.which("redis-server")
MISSING = "redis-server is not installed (Debian: apt-get install redis-server)"


class RedisServer:
    """Starts, freezes, thaws, stops and starts again, always on the same address and port.

    ``options`` are further ones of redis-server; with ``--appendonly yes`` what it holds outlives its stop.
    """

    def __init__(self, folder: Path, *options: str, host: str = "127.0.0.1", port: int = 0) -> None:
        self._folder = folder
        self._options = options
        self.host = host
        self.port = port or _free_port(host)
        self.url = f"redis://{host}:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it accepts connections."""
        assert BINARY is not None
        self._folder.mkdir(parents=True, exist_ok=True)
        command = [BINARY, *self._arguments()]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=_end_with_the_parent)
        give_up = time.monotonic() + 30
        while not self._answers():
            assert self._process.poll() is None, "redis-server ended at start"
            assert time.monotonic() < give_up, "redis-server does not answer"

    def _arguments(self) -> list[str]:
        here = ["--port", str(self.port), "--bind", self.host, "--dir", str(self._folder)]
        return [*here, "--save", "", *self._options]

    def stop(self) -> None:
        """Kill it; what it held in memory alone is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=30)
            self._process = None

    def freeze(self) -> None:
        """It keeps its connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """The end of freeze()."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            time.sleep(0.01)
            return False


class SentinelServer(RedisServer):
    """A redis-sentinel that watches ``master`` under the name ``updates``, and is quick to replace it."""

    def __init__(self, folder: Path, master: RedisServer) -> None:
        super().__init__(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._settings = folder / "sentinel.conf"
        self._settings.write_text(
            f"port {self.port}\nbind {self.host}\ndir {folder}\n"
            f"sentinel monitor updates {master.host} {master.port} 1\n"
            "sentinel down-after-milliseconds updates 300\nsentinel failover-timeout updates 2000\n"
        )
        self.url = f"redis+sentinel://{self.host}:{self.port}/updates/0"

    def _arguments(self) -> list[str]:
        return [str(self._settings), "--sentinel"]


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _end_with_the_parent() -> None:
    """Leave no server behind where a test run is killed (Linux: PR_SET_PDEATHSIG)."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Grumpy:
    """A server that lets everybody in and answers each script with the same error.

    ``asked`` has the client's port for each time that a script was to be run.
    """

    def __init__(self, error: str) -> None:
        self._error = f"-{error}\r\n".encode()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"
        self.asked: list[int] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Take nobody in any more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, (_, port) = self._listener.accept()
                threading.Thread(target=self._answer, args=(connection, port), daemon=True).start()

    def _answer(self, connection: socket.socket, port: int) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as commands:
            while head := commands.readline():
                words = [commands.read(int(commands.readline()[1:]) + 2) for _ in range(int(head[1:]))]
                is_script = words[0].upper().startswith(b"EVAL")
                if is_script:
                    self.asked.append(port)
                greeting = b"%1\r\n+proto\r\n:3\r\n" if words[0].upper().startswith(b"HELLO") else b"+OK\r\n"
                connection.sendall(self._error if is_script else greeting)
