"""A core that keeps who called it, which the sandbox's core does not tell."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class RecordingCore(ThreadingHTTPServer):
    """Answers each PATCH with 200, or with 401 where its token is in ``refused``; ``tokens`` holds what each brought."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.tokens: list[str] = []
        self.refused: set[str] = set()

    @property
    def url(self) -> str:
        """Base URL."""
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def recording_core() -> Iterator[RecordingCore]:
    """One that listens until the block ends."""
    with RecordingCore() as core:
        thread = threading.Thread(target=core.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield core
        finally:
            core.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: RecordingCore
    protocol_version = "HTTP/1.1"

    def do_PATCH(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        token = self.headers["Authorization"].removeprefix("Bearer ")
        self.server.tokens.append(token)
        refused = token in self.server.refused
        action = {"id": int(self.path.rpartition("/")[2]), "state": 2}
        body = json.dumps({} if refused else {"data": action}).encode()
        self.send_response(401 if refused else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's name
        """Nothing."""
