"""A hub transport in front of a fake core, with the event loop in the test's hands."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any

import gevent

from legacy_client.deadline import Deadline
from legacy_client.transport.base import Limits, Tls
from legacy_client.transport.flow import Flow
from legacy_client.transport.hub import HubTransport
from tests.doubles.core_parts import some_limits
from tests.doubles.gates import NotingGate
from tests.doubles.stages import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from requests import Response

    from legacy_client.errors import CoreError

    Results = dict[int, Response | CoreError]


def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until something has come true."""
    with gevent.Timeout(10.0):
        while not condition():
            gevent.sleep(0.001)


class Rig:
    """Batches to one core; ``begin`` runs one in a greenlet of its own."""

    def __init__(self, url: str, gate: NotingGate | None = None, limits: Limits | None = None, **more: Any) -> None:
        self.url = url
        self.gate = gate or NotingGate()
        usual = {"limits": limits or some_limits(attempt_seconds=10.0), "tls": Tls(), "proxy": ""}
        self.transport = HubTransport(url, self.gate, **(usual | more))

    def flow(self, **more: Any) -> Flow:
        """A flow that nothing stops unless told."""
        return Flow(**{"deadline": Deadline(30.0), "concurrency": 8, **more})

    def send(self, ids: Sequence[int] = (1,), **more: Any) -> Results:
        """The results of a batch, by position."""
        return dict(self.transport.send_many(prepare(self.url, ids), self.flow(**more)))

    def call(self, action_id: int = 1, **more: Any) -> Response | CoreError:
        """The result of one request."""
        return self.send([action_id], **more)[0]

    def begin(self, ids: Sequence[int], **more: Any) -> gevent.Greenlet[..., Results]:
        """The same in a greenlet that has already begun to wait."""
        running = gevent.spawn(self.send, ids, **more)
        gevent.sleep(0)
        return running

    def connections(self) -> int:
        """Open ones, at work or at rest."""
        return sum(len(list(engine._pool)) for engine in self.transport._engines.values())


@contextlib.contextmanager
def rig(url: str, *arguments: Any, **more: Any) -> Iterator[Rig]:
    """A rig that is closed at the end."""
    opened = Rig(url, *arguments, **more)
    with contextlib.closing(opened.transport):
        yield opened


class Resolver:
    """Says that every name has these addresses, or fails; ``hang`` makes it wait until it is told to ``go_on``."""

    def __init__(self, *ports: int | tuple[int, tuple[Any, ...]]) -> None:
        self.ports = ports
        self.asked = 0
        self._may_answer = gevent.event.Event()
        self._may_answer.set()

    def hang(self) -> None:
        self._may_answer.clear()

    def go_on(self) -> None:
        self._may_answer.set()

    def __call__(self, host: str, port: int, **_more: Any) -> list[Any]:
        self.asked += 1
        self._may_answer.wait()
        found = [(socket.AF_INET, ("127.0.0.1", each)) if isinstance(each, int) else each for each in self.ports]
        if not found:
            raise socket.gaierror(-2, "Name or service not known")
        return [(family, socket.SOCK_STREAM, 6, "", address) for family, address in found]
