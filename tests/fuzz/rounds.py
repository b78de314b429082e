"""Rounds of calls with spoilt answers: on a played connection, and through the whole engine over loopback."""

from __future__ import annotations

import contextlib
import socket
import struct
from typing import TYPE_CHECKING, NamedTuple

import gevent
import requests
from gevent.server import StreamServer
from requests import Response

from legacy_client.deadline import Deadline
from legacy_client.template import RequestTemplate
from legacy_client.transport.base import Tls
from legacy_client.transport.flow import Flow
from legacy_client.transport.hub import HubTransport
from legacy_client.transport.hub.batch import Exchange
from tests.doubles.core_parts import some_limits
from tests.doubles.gates import NotingGate
from tests.doubles.line import Line
from tests.fuzz import mutation
from tests.fuzz.ledger import Ledger

if TYPE_CHECKING:
    from collections import Counter
    from random import Random

    from gevent.socket import socket as Socket  # noqa: N812 -- a class, whatever its case

    from legacy_client.errors import CoreError

_REQUEST = requests.Request("PATCH", "http://core.test/").prepare()
_CALLS = 200
_LIMITS = some_limits(connections=8, attempt_seconds=0.25, max_answer_bytes=100_000)


class Plan(NamedTuple):
    """What the core does with one request: pieces to send, and then ``keep``, ``close``, ``reset`` or ``hang``."""

    pieces: list[bytes]
    ending: str
    is_whole: bool


def plan(rng: Random, token: str, *, share_spoilt: float) -> Plan:
    """One answer, whole or spoilt, perhaps with another one glued to its end."""
    make = rng.choice(mutation.WHOLE)
    data, ending = make(rng, token), "close" if make is mutation.to_the_end else "keep"
    if rng.random() >= share_spoilt:
        return Plan(mutation.split(rng, data), ending, is_whole=True)
    data = mutation.spoilt(rng, data)
    boundary = len(data)
    if rng.random() < 0.1:
        data += make(rng, token)
    ending = rng.choice(("keep", "keep", "keep", "close", "reset", "hang"))
    return Plan(mutation.split(rng, data, keep_together=boundary), ending, is_whole=False)


class Named(str):
    """A call's token in the place of its batch: it is looked at in messages only, and has a whole attempt's time."""

    __slots__ = ()

    def cuts_short(self, _call: object) -> bool:
        """See HubBatch."""
        return False


def on_a_played_connection(rng: Random) -> Counter[str]:
    """Calls one after another; no socket, no clock, so a round takes milliseconds."""
    ledger, line = Ledger(rng), Line(max_answer_bytes=_LIMITS.max_answer_bytes)
    for _ in range(_CALLS):
        token = ledger.issue()
        pieces, ending, is_whole = plan(rng, token, share_spoilt=0.7)
        exchange = Exchange(Named(token), 0, 0.0, 100.0, _REQUEST)
        line.connection.send(exchange, b"request")
        first, *more = line.read(*pieces, *{"close": [b""], "reset": [ConnectionResetError()]}.get(ending, [])) or [
            None
        ]
        if first is None:
            line.connection.check(100.0)
            [first] = line.heard
        assert line.ended_exchange is exchange, f"the end of {token} was told of {line.ended_exchange}"
        assert set(more) <= {"lost"}, f"after call {token}: {more!r}"
        ledger.check(token, first, is_whole=is_whole)
        if more or not line.connection.is_reusable:
            line.connection.close()
            line = Line(max_answer_bytes=_LIMITS.max_answer_bytes)
    return ledger.ends


def through_the_engine(rng: Random) -> Counter[str]:
    """A batch over loopback. What one answer leaves behind may spoil the next, so a round is either clean or not."""
    ledger, gate, faults = Ledger(rng), NotingGate(), []
    share_spoilt = rng.choice((0.0, 0.7))
    plans = {token: plan(rng, token, share_spoilt=share_spoilt) for token in (ledger.issue() for _ in range(_CALLS))}
    last = ledger.issue()
    hub = gevent.get_hub()
    hub.handle_error = lambda *fault: faults.append(fault)
    core = StreamServer(("127.0.0.1", 0), lambda sock, _peer: _serve(sock, plans))
    try:
        core.start()
        url = f"http://127.0.0.1:{core.server_port}"
        with (
            contextlib.closing(HubTransport(url, gate, limits=_LIMITS, tls=Tls(), proxy="")) as transport,
            gevent.Timeout(60.0),
        ):
            results = _send(transport, url, list(plans))
            # Whatever happened, the next call finds the engine in order.
            plans[last] = Plan([mutation.with_length(rng, last)], "keep", is_whole=True)
            results |= _send(transport, url, [last])
    finally:
        core.stop(timeout=1.0)
        del hub.handle_error
    assert not faults, f"raised on the event loop: {faults!r}"
    assert gate.in_flight == 0
    assert gate.most_in_flight <= _LIMITS.connections
    for token, result in results.items():
        ledger.check(token, result, is_whole=token == last or not share_spoilt)
    return ledger.ends


def _send(transport: HubTransport, url: str, tokens: list[str]) -> dict[str, Response | CoreError]:
    template = RequestTemplate.of("PATCH", url, {})
    flow = Flow(deadline=Deadline(60.0), concurrency=len(tokens))
    results = list(transport.send_many([template.prepare(f"/{token}", b"{}", {}) for token in tokens], flow))
    assert sorted(index for index, _ in results) == list(range(len(tokens)))
    return {tokens[index]: result for index, result in results}


def _serve(sock: Socket, plans: dict[str, Plan]) -> None:
    with contextlib.suppress(OSError), contextlib.closing(sock):
        while token := _token(sock):
            pieces, ending, _ = plans[token]
            for piece in pieces:
                sock.sendall(piece)
                gevent.sleep(0)
            if ending == "reset":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if ending in {"close", "reset"}:
                return


def _token(sock: Socket) -> str:
    """The token that the next request asks with; nothing at the end of the stream."""
    data = b""
    while not data.endswith(b"\r\n\r\n{}"):
        more = sock.recv(65_536)
        if not more:
            return ""
        data += more
    return data.split(b" ", 2)[1].decode().strip("/")
