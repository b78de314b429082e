"""A reader of a stream on a bare socket, line by line and not faster than it is asked."""

from __future__ import annotations

import json
import zlib
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.faults.client import Client

_GZIP = zlib.MAX_WBITS | 16


class StreamReader:
    """Sends ``request`` and reads the head of its answer."""

    def __init__(self, client: Client, request: bytes) -> None:
        client.send(request)
        self._response = HTTPResponse(client.sock, method="PATCH")
        self._response.begin()
        self.status = self._response.status
        self.headers = {name.lower(): value for name, value in self._response.getheaders()}
        self._inflater = zlib.decompressobj(_GZIP) if self.headers.get("content-encoding") == "gzip" else None
        self._buffered = b""

    def line(self) -> Any:
        """The next line that is not empty; None at the end."""
        while True:
            line, ended, rest = self._buffered.partition(b"\n")
            if ended:
                self._buffered = rest
                if line:
                    return json.loads(line)
            elif not self._receive():
                assert not line, "the stream ended amid a line"
                return None

    def rest(self) -> list[Any]:
        """All lines up to the end."""
        return list(iter(self.line, None))

    def close(self) -> None:
        """Let go of the connection, which whoever dialled closes."""
        self._response.close()

    def _receive(self) -> bool:
        data = self._response.read1(65_536)
        self._buffered += data if self._inflater is None else self._inflater.decompress(data)
        return bool(data)
