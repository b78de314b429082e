from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from gevent import get_hub
from gevent.socket import getaddrinfo

from legacy_client.errors import Stopped
from legacy_client.transport.base import Backlog, Limits, Tls
from legacy_client.transport.hub.addresses import Addresses
from legacy_client.transport.hub.batch import never_sent
from legacy_client.transport.hub.dialing import Endpoint
from legacy_client.transport.hub.engine import Engine
from legacy_client.transport.hub.wire import Origin, Wire
from legacy_client.transport.tls import watched_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gevent.hub import Hub
    from requests import Response

    from legacy_client.errors import CoreError
    from legacy_client.transport.base import Gate, Requests
    from legacy_client.transport.flow import Flow


class HubTransport:
    """One engine per event loop, made when first used.

    ``proxy`` is the URL of a forward proxy, or empty. Raises ValueError or OSError for a URL or file that cannot be
    used.
    """

    def __init__(
        self,
        base_url: str,
        gate: Gate,
        *,
        limits: Limits,
        tls: Tls,
        proxy: str,
        resolve: Callable[..., list[Any]] = getaddrinfo,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._origin = Origin(base_url)
        self._context = watched_context(tls) if self._origin.is_secure else None
        self._proxy = Origin(proxy) if proxy else None
        self._limits = limits
        self._gate = gate
        self._resolve = resolve
        self._clock = clock
        self._is_closed = False
        # An engine holds its loop, so a loop that has one lasts until this is closed.
        self._engines: dict[Hub, Engine] = {}

    def send_many(self, requests: Requests, flow: Flow) -> Iterator[tuple[int, Response | CoreError]]:
        return never_sent(requests) if self._is_closed else self._engine().run(requests, flow)

    def backlog(self) -> Backlog:
        backlogs = [engine.backlog() for engine in list(self._engines.values())]
        if len(backlogs) == 1:
            return backlogs[0]
        return Backlog(
            sum(backlog.requests for backlog in backlogs), max((backlog.seconds for backlog in backlogs), default=0.0)
        )

    def ping(self) -> CoreError | None:
        return Stopped("shutting_down") if self._is_closed else self._engine().ping()

    def close(self) -> None:
        """What is under way breaks off; what is unsent is stopped."""
        self._is_closed = True
        for engine in list(self._engines.values()):
            engine.close()
        self._engines.clear()

    def _engine(self) -> Engine:
        hub = get_hub()
        engine = self._engines.get(hub)
        if engine is None:
            engine = self._engines[hub] = self._new_engine(hub)
        return engine

    def _new_engine(self, hub: Hub) -> Engine:
        dialed = self._proxy or self._origin
        addresses = Addresses(dialed.host, dialed.port, resolve=self._resolve, clock=self._clock)
        endpoint = Endpoint(
            host=self._origin.host,
            port=self._origin.port,
            addresses=addresses,
            context=self._context,
            is_behind_proxy=self._proxy is not None,
        )
        wire = Wire(self._origin, self._limits.deadline_header)
        return Engine(hub.loop, endpoint, wire, self._limits, self._gate, self._clock)
