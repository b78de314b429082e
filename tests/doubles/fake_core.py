"""A core on a real socket that does exactly what a script says, byte by byte, and notes what it was sent.

A script is a tuple of steps; a step gets the peer's socket and may send, wait, hang, reset or close. Everything ends
when the core is closed. Only loopback, only threads of its own.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    Step = Callable[["Peer"], None]


@dataclass(frozen=True)
class Seen:
    """One request as it arrived; header names in lower case. ``connection`` numbers the sockets in order of accept."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class Peer:
    """The connection a script plays on, and the request it answers (None where it plays on accept)."""

    sock: socket.socket
    ending: threading.Event
    request: Seen | None = None
    buffered: bytes = b""

    @property
    def action_id(self) -> int | str:
        """The last segment of the path, as the core writes it in answers."""
        segment = self.request.path.rpartition("/")[2] if self.request else ""
        return int(segment) if segment.isdigit() else segment


class PeerGone(Exception):
    """The script is over: the connection is closed, or the core is."""


def send(data: bytes) -> Step:
    """Send these bytes."""
    return lambda peer: peer.sock.sendall(data)


def wait(seconds: float) -> Step:
    """Do nothing for a while."""

    def step(peer: Peer) -> None:
        if peer.ending.wait(seconds):
            raise PeerGone

    return step


def wait_for(condition: Callable[[], bool]) -> Step:
    """Do nothing until something has come true."""

    def step(peer: Peer) -> None:
        while not condition():
            wait(0.002)(peer)

    return step


def hang() -> Step:
    """Do nothing until the core is closed."""
    return wait(3600.0)


def drip(data: bytes, seconds: float) -> Step:
    """Send one byte at a time, this far apart."""
    return lambda peer: [step(peer) for byte in data for step in (send(bytes([byte])), wait(seconds))] and None


def repeat(data: bytes, seconds: float = 0.0) -> Step:
    """Send the same bytes for ever."""

    def step(peer: Peer) -> None:
        while True:
            send(data)(peer)
            wait(seconds)(peer)

    return step


def reset() -> Step:
    """Break the connection with a RST."""

    def step(peer: Peer) -> None:
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise PeerGone

    return step


def close() -> Step:
    """End the connection with a FIN."""

    def step(peer: Peer) -> None:
        raise PeerGone

    return step


def action(status: int = 200) -> Step:
    """The legacy action that the request is about, whole."""
    return lambda peer: send(answer(status, {"data": {"id": peer.action_id, "state": 2}}))(peer)


def answer(status: int, document: object = None, *, body: bytes | None = None, headers: str = "") -> bytes:
    """A whole answer; ``headers`` are further lines, each with its CRLF."""
    content = body if body is not None else b"" if document is None else json.dumps(document).encode()
    kind = "" if "Content-Type" in headers or not content else "Content-Type: application/json\r\n"
    length = "" if status == 204 else f"Content-Length: {len(content)}\r\n"
    return f"HTTP/1.1 {status} Whatever\r\n{kind}{length}{headers}\r\n".encode() + content


def chunked(*chunks: bytes, last: bytes = b"0\r\n\r\n") -> bytes:
    """A 200 in chunks; ``last`` is what stands for the end."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + last


OK: tuple[Step, ...] = (action(),)


@dataclass
class FakeCore:
    """Use as a context manager. ``script(path, …)`` says what each request for a path gets, the last one for good."""

    tls: ssl.SSLContext | None = None
    on_accept: tuple[Step, ...] = ()
    default: tuple[Step, ...] = OK
    requests: list[Seen] = field(default_factory=list)
    connections: int = 0
    most_in_flight: int = 0
    host: str = "127.0.0.1"

    def __post_init__(self) -> None:
        self._scripts: dict[str, list[tuple[Step, ...]]] = defaultdict(list)
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._in_flight: set[int] = set()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(
            (self.host, 0), family=socket.AF_INET6 if ":" in self.host else socket.AF_INET, backlog=128
        )
        self.port: int = self._listener.getsockname()[1]
        literal = f"[{self.host}]" if ":" in self.host else self.host
        self.url = f"https://localhost:{self.port}/core" if self.tls else f"http://{literal}:{self.port}/core"
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def script(self, path: str, *scripts: tuple[Step, ...]) -> None:
        """Answer requests for ``/core`` + ``path`` with these, one after the other; the last stays."""
        self._scripts["/core" + path] = list(scripts)

    def forget(self) -> None:
        """No scripts, and nothing seen; what still hangs is not counted any more."""
        with self._lock:
            self._scripts.clear()
            self.requests.clear()
            self.default, self.on_accept = OK, ()
            self._in_flight, self.most_in_flight = set(), 0

    def seen(self, path: str) -> list[Seen]:
        """The requests for ``/core`` + ``path``."""
        with self._lock:
            return [request for request in self.requests if request.path == "/core" + path]

    def wait_for_requests(self, count: int) -> None:
        """Until so many requests have arrived."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.requests) >= count, timeout=30.0)

    def wait_until_idle(self) -> None:
        """Until every connection is closed on this side."""
        with self._changed:
            assert self._changed.wait_for(lambda: not self._sockets, timeout=30.0)

    def close(self) -> None:
        """End every script, connection and thread."""
        self._ending.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            sockets = list(self._sockets)
        for sock in sockets:
            with contextlib.suppress(OSError):
                # Not the TLS socket's own: its thread is at work on that.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=10.0)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._ending.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                self._sockets.add(sock)
            self._start(self._serve, sock, self.connections)

    def _serve(self, sock: socket.socket, number: int) -> None:
        peer = Peer(sock, self._ending)
        with contextlib.suppress(PeerGone, OSError):
            for step in self.on_accept:
                step(peer)
            if self.tls is not None:
                peer.sock = self.tls.wrap_socket(sock, server_side=True)
                with self._lock:
                    self._sockets.add(peer.sock)
            while (request := _read_request(peer, number)) is not None:
                peer.request = request
                self._answer(peer, request)
        for opened in (peer.sock, sock):
            opened.close()
        with self._lock:
            self._sockets -= {sock, peer.sock}
            self._changed.notify_all()

    def _answer(self, peer: Peer, request: Seen) -> None:
        with self._lock:
            self.requests.append(request)
            self._changed.notify_all()
            self._in_flight.add(id(request))
            self.most_in_flight = max(self.most_in_flight, len(self._in_flight))
            scripts = self._scripts[request.path]
            script = (scripts.pop(0) if len(scripts) > 1 else scripts[0]) if scripts else self.default
        try:
            for step in script:
                step(peer)
        finally:
            with self._lock:
                self._in_flight.discard(id(request))


def _read_request(peer: Peer, connection: int) -> Seen | None:
    head = _read_until(peer, lambda data: data.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in data else 0)
    if head is None:
        return None
    start, *lines = head.decode("latin-1").strip().split("\r\n")
    method, path, _ = start.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", "0"))
    body = _read_until(peer, lambda data: length if len(data) >= length else 0) if length else b""
    return None if body is None else Seen(method, path, headers, body, connection)


def _read_until(peer: Peer, end: Callable[[bytes], int]) -> bytes | None:
    """Bytes up to where ``end`` says that they are whole; None at the end of the stream."""
    while not (length := end(peer.buffered)):
        data = peer.sock.recv(65_536)
        if not data:
            return None
        peer.buffered += data
    whole, peer.buffered = peer.buffered[:length], peer.buffered[length:]
    return whole


@contextlib.contextmanager
def refusing() -> Iterator[str]:
    """The URL of a port that nobody listens on."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{reserved.getsockname()[1]}/core"


@contextlib.contextmanager
def black_hole() -> Iterator[str]:
    """The URL of a port that drops new connections: its queue is full and nobody accepts."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/core"
