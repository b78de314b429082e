"""One transport in front of one core, the same way for each kind of transport."""

from __future__ import annotations

import contextlib
import json
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import orjson
from requests import Response

from legacy_client.deadline import Deadline
from legacy_client.template import RequestTemplate
from legacy_client.transport.base import Limits, Tls
from legacy_client.transport.flow import Flow
from legacy_client.transport.hub import HubTransport
from legacy_client.transport.memory import MemoryTransport, VirtualClock
from legacy_client.transport.memory import answer as in_memory
from legacy_client.transport.sessions.transport import SessionsTransport
from tests.doubles.core_parts import some_limits
from tests.doubles.fake_core import FakeCore, action, wait
from tests.doubles.gates import NotingGate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from requests import PreparedRequest

    from legacy_client.errors import CoreError
    from legacy_client.transport.base import Gate, Transport

ON_SOCKETS = ("hub", "sessions")
ALL = (*ON_SOCKETS, "memory")

HEADERS = {"Accept": "application/vnd.core.v1+json", "Content-Type": "application/json"}


def connect(kind: str, url: str, gate: Gate, limits: Limits, tls: Tls | None = None) -> Transport:
    """A transport to a core on a socket."""
    if kind == "sessions":
        return SessionsTransport(url, gate, limits=limits, tls=tls or Tls())
    return HubTransport(url, gate, limits=limits, tls=tls or Tls(), proxy="")


def prepare(url: str, ids: Sequence[int], body: bytes = b'{"state":2}') -> list[PreparedRequest]:
    """A PATCH of each action."""
    template = RequestTemplate.of("PATCH", url, HEADERS)
    return [template.prepare(f"/actions/{i}", body, {"Idempotency-Key": f"key-{i}"}) for i in ids]


class Stage(ABC):
    """A core that takes ``latency`` seconds for each answer, and a transport to it. ``open`` makes one of a kind."""

    def __init__(self, transport: Transport, url: str, gate: NotingGate, clock: Callable[[], float]) -> None:
        self.transport = transport
        self.gate = gate
        self._url = url
        self._clock = clock

    def deadline(self, seconds: float = 30.0) -> Deadline:
        """On the clock that the stage runs on."""
        return Deadline(seconds, self._clock)

    def flow(self, deadline: Deadline | None = None, **more: object) -> Flow:
        """A flow that nothing stops unless told."""
        return Flow(**{"deadline": deadline or self.deadline(), "concurrency": 8, **more})

    def send(self, count: int, flow: Flow | None = None) -> Iterator[tuple[int, Response | CoreError]]:
        """``count`` requests, for the actions 0, 1, 2, …"""
        return self.transport.send_many(self.prepare(count), flow or self.flow())

    def prepare(self, count: int) -> list[PreparedRequest]:
        """Requests for the actions 0, 1, 2, …"""
        return prepare(self._url, range(count))

    def seen(self) -> list[int]:
        """The ids of the actions that the core was asked to update, in the order of arrival."""
        return [int(path.rpartition("/")[2]) for path, _ in self.seen_requests()]

    @abstractmethod
    def seen_requests(self) -> list[tuple[str, dict[str, str]]]:
        """Path and headers (names in lower case) of what the core was sent."""


class MemoryStage(Stage):
    """Answers from a function, on a clock of its own."""

    def seen_requests(self) -> list[tuple[str, dict[str, str]]]:
        return [
            (request.path_url, {k.lower(): v for k, v in request.headers.items()}) for request in self.transport.seen
        ]


class SocketStage(Stage):
    """Answers from a fake core."""

    core: FakeCore

    def seen_requests(self) -> list[tuple[str, dict[str, str]]]:
        return [(request.path, request.headers) for request in self.core.requests]


@contextlib.contextmanager
def open_stage(
    kind: str, gate: NotingGate | None = None, limits: Limits | None = None, latency: float = 0.0
) -> Iterator[Stage]:
    """A stage for one transport, closed at the end."""
    gate, limits = gate or NotingGate(), limits or some_limits()
    if kind == "memory":
        clock = VirtualClock()
        transport = MemoryTransport(_echo, limits=limits, gate=gate, latency=lambda _request: latency, clock=clock)
        yield MemoryStage(transport, "http://core.test/core", gate, clock)
        return
    with FakeCore(default=(wait(latency), action())) as core:
        stage = SocketStage(connect(kind, core.url, gate, limits), core.url, gate, time.monotonic)
        stage.core = core
        with contextlib.closing(stage.transport):
            yield stage


def _echo(request: PreparedRequest) -> Response:
    action_id = int(request.path_url.rpartition("/")[2])
    return in_memory(200, orjson.dumps({"data": {"id": action_id, "state": 2}}))


def id_of(result: Response | CoreError) -> int:
    """The id of the action in an answer."""
    assert isinstance(result, Response), result
    found: int = json.loads(result.content)["data"]["id"]
    return found
