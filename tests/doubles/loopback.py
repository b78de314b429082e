"""A server on loopback that answers what a test tells it to, and remembers who called."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

Handler = BaseHTTPRequestHandler


def answer(
    body: bytes | dict[str, Any] | list[Any] | str | None, status: int = 200, **headers: str
) -> Callable[[Handler], None]:
    """An answer in one piece."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    def send(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | headers).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return send


class Loopback:
    """``paths`` says what each path answers; ``hits`` are the calls, in order; the rest is 404."""

    def __init__(self) -> None:
        self.paths: dict[str, Callable[[Handler], None]] = {}
        self.hits: list[str] = []
        self.bodies: list[str] = []
        self.headers: list[dict[str, str]] = []
        loopback = self

        class Answering(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                loopback.bodies.append(self.rfile.read(length).decode())
                loopback.headers.append(dict(self.headers))
                loopback.hits.append(f"{self.command} {self.path}")
                loopback.paths.get(self.path, answer({"error": "not found"}, 404))(self)

            do_POST = do_GET  # noqa: N815 -- the name that the base class asks for

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
