"""``python -m tests.faults.hostile [NAME …]``: how long others wait beside each hostile client, and without one.

Another partner sends small batches to two workers, each on a connection of its own, while one client of the table
does its worst from a process of its own. Printed are the others' waits, the processor time for which a loop was held at
most, what the others were answered, and the workers that died.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from gateway.ending import run_to_its_end
from tests.doubles.fake_core import FakeCore, answer, send, wait
from tests.faults.client import Client
from tests.faults.dear_bodies import DEAR, dear_body
from tests.faults.house import BULK, Gateway, Home, new_ids
from tests.faults.watched import held

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.doubles.fake_core import Peer

SECONDS = 10.0
_OTHERS = 4
_ITEMS = 3
_PAUSE_SECONDS = 0.01
_CHUNKED = "Transfer-Encoding: chunked\r\n"
# What a service runs with, but for the rate: it is not what these clients are to be stopped by.
SETTINGS = {
    "WORKERS": "2",
    "HEADER_TIMEOUT": "10",
    "BODY_TIMEOUT": "10",
    "ANSWER_TIMEOUT": "10",
    "BATCH_DEADLINE": "20",
    "LOG_LEVEL": "warning",
    "UNSENT_RATE_LIMIT": "",
}


_LARGE_FROM = 9_000_000_000
_LONG = "x" * 10_000


def _answer(peer: Peer) -> None:
    """A small action after a moment, but from one id on the largest."""
    is_large = int(peer.action_id) >= _LARGE_FROM
    more = {"details_en": _LONG, "details_fr": _LONG} if is_large else {}
    for step in (
        wait(0.0 if is_large else 0.005),
        send(answer(200, {"data": {"id": peer.action_id, "state": 2, **more}})),
    ):
        step(peer)


CORE = (_answer,)


class Target(NamedTuple):
    """Where a hostile client connects, and the token of a partner that it has."""

    url: str
    token: str

    def head(self, framing: str, query: str = "") -> bytes:
        """The head of a batch with further lines."""
        usual = f"Host: x\r\nAuthorization: Bearer {self.token}\r\nContent-Type: application/json\r\n"
        return f"PATCH {BULK}{query} HTTP/1.1\r\n{usual}{framing}\r\n".encode()


class Hostile(NamedTuple):
    """A row of the table: ``converse`` has one conversation, and is called again as soon as it ends."""

    does: str
    connections: int
    converse: Callable[[Target], None]


@dataclass
class Waits:
    """What the others met; ``held`` is known where the workers watch their loops, in milliseconds."""

    seconds: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    replaced: int = 0
    held: float = 0.0

    def quantile(self, share: float) -> float:
        """In milliseconds."""
        ordered = sorted(self.seconds) or [0.0]
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _pour(target: Target, data: bytes, reads: bool) -> None:
    """Send this for as long as the gateway takes it; the answers are read by nobody, or dropped."""
    with Client(target.url) as client:
        if reads:
            threading.Thread(target=_drop, args=(client,), daemon=True).start()
        while True:
            client.send(data)


def _drop(client: Client) -> None:
    with contextlib.suppress(OSError):
        while client.sock.recv(1_048_576):
            pass


def _send_body(target: Target, framing: str, body: bytes) -> None:
    with Client(target.url) as client:
        client.send(target.head(framing)).send(body).read()


def _in_chunks(size: int, extension: bytes = b"") -> bytes:
    chunk = b"%x%s\r\n" % (size, extension) + b" " * size + b"\r\n"
    return chunk * (5_000_000 // len(chunk)) + b"0\r\n\r\n"


def _segments(target: Target) -> None:
    with Client(target.url) as client:
        client.send(target.head("Content-Length: 1000000\r\n"))
        for _ in range(1_000_000):
            client.sock.send(b" ")


_LIVEZ = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n" * 1000
_NOWHERE = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n" * 1000
_DOCUMENT = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 1000
_UNKNOWN = f"PATCH {BULK} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode() * 1000


def _rehearsals(target: Target) -> bytes:
    body = b'{"data":[{"actionId":"19000","status":"done"}]}'
    return (target.head(f"Content-Length: {len(body)}\r\n", "?dry_run=true") + body) * 1000


HOSTILE: dict[str, Hostile] = {
    "pipeline-unread": Hostile("pipelines GET /livez and reads no answer", 4, lambda t: _pour(t, _LIVEZ, reads=False)),
    "pipeline-read": Hostile("pipelines GET /livez and drops the answers", 4, lambda t: _pour(t, _LIVEZ, reads=True)),
    "pipeline-404": Hostile("pipelines a page that is not there", 4, lambda t: _pour(t, _NOWHERE, reads=True)),
    "pipeline-401": Hostile("pipelines batches without credentials", 4, lambda t: _pour(t, _UNKNOWN, reads=True)),
    "pipeline-document": Hostile(
        "pipelines GET /openapi.json and drops the answers", 4, lambda t: _pour(t, _DOCUMENT, reads=True)
    ),
    "pipeline-document-unread": Hostile(
        "pipelines GET /openapi.json and reads no answer", 4, lambda t: _pour(t, _DOCUMENT, reads=False)
    ),
    "pipeline-rehearsals": Hostile(
        "pipelines dry runs and drops the answers", 4, lambda t: _pour(t, _rehearsals(t), reads=True)
    ),
    "chunks-of-1": Hostile("sends 5 MB in chunks of 1 byte", 4, lambda t: _send_body(t, _CHUNKED, _in_chunks(1))),
    "chunks-of-24": Hostile("sends 5 MB in chunks of 24 bytes", 4, lambda t: _send_body(t, _CHUNKED, _in_chunks(24))),
    "extensions": Hostile(
        "sends chunks with extensions of 200 bytes",
        4,
        lambda t: _send_body(t, _CHUNKED, _in_chunks(1, b";x=" + b"y" * 197)),
    ),
    "segments-of-1": Hostile("sends a body in segments of 1 byte", 4, _segments),
    "trailers": Hostile(
        "sends trailers up to the bound",
        4,
        lambda t: _send_body(t, _CHUNKED, b"2\r\n{}\r\n0\r\n" + b"x: y\r\n" * 10_000 + b"\r\n"),
    ),
    "header-lines": Hostile(
        "sends heads of many short lines",
        4,
        lambda t: _send_body(t, "".join(f"x{n}: y\r\n" for n in range(9_000)), b""),
    ),
}


def _send_dear(target: Target, name: str) -> None:
    coding = "Content-Encoding: gzip\r\n" if name.startswith("gzip") else ""
    body = dear_body(name)
    _send_body(target, f"{coding}Content-Length: {len(body)}\r\n", body)


_LARGE_BATCH = [str(each) for each in range(_LARGE_FROM, _LARGE_FROM + 1000)]


def _replay(target: Target) -> None:
    """Ask for an answer of 20 MB that is kept under a key; the first time the batch is run."""
    body = json.dumps({"data": [{"actionId": each, "status": "done"} for each in _LARGE_BATCH]}).encode()
    _send_body(target, f"Idempotency-Key: large\r\nContent-Length: {len(body)}\r\n", body)


HOSTILE["replays"] = Hostile("replays a large answer", 4, _replay)
HOSTILE |= {name: Hostile(does, 4, partial(_send_dear, name=name)) for name, (does, _) in DEAR.items()}


def measure(name: str | None, gateway: Gateway, seconds: float = SECONDS) -> Waits:
    """What others meet for ``seconds`` beside the hostile client of this name."""
    before, logged = {worker.pid for worker in gateway.workers()}, len(gateway.log())
    waits, ends_at = Waits(), time.monotonic() + seconds
    other = gateway.minted(sub="another-partner")
    others = [threading.Thread(target=_be_another, args=(gateway, other, waits, ends_at)) for _ in range(_OTHERS)]
    with contextlib.ExitStack() as running:
        if name:
            running.enter_context(_beside(name, Target(gateway.url, gateway.usual_token())))
        for thread in others:
            thread.start()
        for thread in others:
            thread.join()
    waits.replaced = len(before - {worker.pid for worker in gateway.workers()})
    waits.held = held(gateway.log()[logged:])
    return waits


@contextlib.contextmanager
def _beside(name: str, target: Target):
    process = multiprocessing.get_context("spawn").Process(target=attack, args=(name, target), daemon=True)
    process.start()
    time.sleep(1.0)
    try:
        yield
    finally:
        process.kill()
        process.join()


def attack(name: str, target: Target) -> None:
    """Be this client until the process is ended."""
    hostile = HOSTILE[name]
    threads = [threading.Thread(target=_go_on, args=(hostile, target)) for _ in range(hostile.connections)]
    for thread in threads:
        thread.start()


def _go_on(hostile: Hostile, target: Target) -> None:
    while True:
        with contextlib.suppress(OSError, EOFError):
            hostile.converse(target)
        time.sleep(_PAUSE_SECONDS)


def _be_another(gateway: Gateway, token: str, waits: Waits, ends_at: float) -> None:
    while (began := time.monotonic()) < ends_at:
        request = gateway.batch(*(next(new_ids) for _ in range(_ITEMS)), Authorization=f"Bearer {token}")
        try:
            said = str(gateway.exchange(request).status)
        except (OSError, EOFError) as exc:
            said = type(exc).__name__
        waits.seconds.append(time.monotonic() - began)
        waits.answers[said] += 1
        time.sleep(_PAUSE_SECONDS)


def main() -> int:
    """Print one line for each client that was named, else for all."""
    names = sys.argv[1:] or list(HOSTILE)
    with FakeCore(default=CORE) as core, Home() as home:
        for name in (None, *names):
            with Gateway(home, core.url, SETTINGS, app="tests.faults.watched:service()") as gateway:
                waits = measure(name, gateway)
            sys.stdout.write(
                f"{name or 'nobody':18} p50 {waits.quantile(0.5):7.1f} ms  p99 {waits.quantile(0.99):7.1f} ms  "
                f"most {waits.quantile(1):7.1f} ms  loop held {waits.held:5.1f} ms  workers lost {waits.replaced}  {dict(waits.answers)}\n"
            )
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(run_to_its_end(main))
