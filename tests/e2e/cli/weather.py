"""A proxy in front of the gateway that fails as proxies do, and passes streams on without their chunks."""

from __future__ import annotations

import itertools
import json
import socket
import struct
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

FAULTS = ("page", "over rate", "reset", "lost")
RETRY_AFTER = 1
_PASSED = ("Authorization", "Content-Type", "Idempotency-Key", "Prefer", "Accept")
_OVER_RATE = {"type": "https://proxy.test/problems/quota-exceeded", "status": 429, "detail": "Over the rate."}
_RESET = struct.pack("ii", 1, 0)


class Weather(ThreadingHTTPServer):
    """Of the requests that change something, each ``every``-th meets the next of FAULTS; the first streams are cut short.

    ``met`` are the faults that were met, ``waits`` the seconds from each 429 to the request after it.
    """

    def __init__(self, url, every=2, cuts=()):
        self.url, self.every, self.cuts = url, every, list(cuts)
        self.met, self.waits, self.cut_streams = [], [], 0
        self._count, self._faults, self._refused_at = itertools.count(1), itertools.cycle(FAULTS), None
        super().__init__(("127.0.0.1", 0), _Request)

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"

    def next_fault(self):
        """Of one request; empty where it passes."""
        if self._refused_at is not None:
            self.waits.append(time.monotonic() - self._refused_at)
            self._refused_at = None
        if next(self._count) % self.every:
            return ""
        self.met.append(next(self._faults))
        return self.met[-1]

    def refuse(self):
        self._refused_at = time.monotonic()


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if "/results" in self.path:
            self._stream()
        else:
            self._pass(b"")

    def do_DELETE(self):
        self._pass(b"")

    def do_PATCH(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = self.server.next_fault()
        if fault == "page":
            self._answer(503, {"Content-Type": "text/html"}, b"<h1>Service unavailable</h1>")
        elif fault == "over rate":
            self._answer(429, {"Retry-After": str(RETRY_AFTER)}, json.dumps(_OVER_RATE).encode())
            self.server.refuse()
        elif fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.close_connection = True
        else:
            self._pass(body, lost=fault == "lost")

    def do_PUT(self):
        self.do_PATCH()

    def do_POST(self):
        self.do_PATCH()

    def _asked(self, body, **options):
        headers = {name: self.headers[name] for name in _PASSED if name in self.headers}
        return requests.request(
            self.command, self.server.url + self.path, data=body, headers=headers, timeout=100, **options
        )

    def _pass(self, body, *, lost=False):
        reply = self._asked(body)
        if lost:
            self.close_connection = True
        else:
            self._answer(reply.status_code, reply.headers, reply.content)

    def _stream(self):
        """Without its chunks, the end of it is the end of the connection: whole and cut look alike."""
        with self._asked(b"", stream=True) as reply:
            self.send_response(reply.status_code)
            self.send_header("Content-Type", reply.headers["Content-Type"])
            self.send_header("Connection", "close")
            self.end_headers()
            left = self.server.cuts.pop(0) if self.server.cuts else None
            for piece in reply.iter_content(None):
                self.wfile.write(piece[:left])
                if left is not None and (left := left - len(piece)) <= 0:
                    self.server.cut_streams += 1
                    break

    def _answer(self, status, headers, body):
        self.send_response(status)
        for name in {"Content-Type", "Retry-After", "RateLimit-Policy", "X-Request-ID"} & headers.keys():
            self.send_header(name, headers[name])
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def weather(url, **options):
    with Weather(url, **options) as proxy:
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
