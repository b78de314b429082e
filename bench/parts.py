"""``python -m bench.parts``: what each hop of an item costs on its own, in µs of the fastest of many turns.

Runs the gateway's own functions on the traffic of W1, without sockets; what W1 costs beyond their sum is the kernel,
the event loop, and what a request costs whatever its size.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import orjson

from bench.items import body, item
from gateway.api import strict_json
from gateway.api.json_size import JsonSize
from gateway.resources.actions import actions
from legacy_client.calls import Update
from legacy_client.health.budget import RetryBudget
from legacy_client.health.circuit import Circuit
from legacy_client.health.gate import CoreGate
from legacy_client.operations import UPDATE_ACTION
from legacy_client.sending.reading import AnswerReader, is_readable
from legacy_client.transport.hub.known_heads import KnownHeads
from legacy_client.transport.hub.response import ResponseReader
from legacy_client.transport.hub.wire import Origin, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from legacy_client.transport.hub.whole_response import WholeResponse

_ITEMS, _TURNS = 100, 60
# Calls that end in one turn of a worker's loop under W1.
_TOGETHER = 25
_LANGUAGES = ("en", "fr")
_URL = "http://127.0.0.1:1"


def parts() -> dict[str, float]:
    """µs an item for each hop, in the order in which a batch takes them."""
    raw = body(map(item, range(10_000_000, 10_000_000 + _ITEMS)))
    resource = actions(_LANGUAGES, _ITEMS, _hold)
    loader, translation = resource.loader, resource.translation
    most = JsonSize(*loader.most(len(raw)))
    document = strict_json.parse(raw, most, _hold)
    items = list(loader.items(document))
    updates = [Update.of(str(one["actionId"]), translation.to_legacy(one)) for one in items]
    answered = [_action(update) for update in updates]
    shown = [orjson.dumps(translation.from_legacy("1", action)) for action in answered]
    return {
        "strict JSON in": _cost(lambda: strict_json.parse(raw, most, _hold)),
        "validate": _cost(lambda: list(loader.items(document))),
        "translate": _cost(lambda: [Update.of("1", translation.to_legacy(one)) for one in items]),
        **_call_parts(updates),
        **_answer_parts(updates),
        "translate back": _cost(lambda: [orjson.dumps(translation.from_legacy("1", action)) for action in answered]),
        "JSON out": _cost(lambda: b",".join(shown)),
    }


def _call_parts(updates: Sequence[Update]) -> dict[str, float]:
    template = UPDATE_ACTION.template(_URL).extended({"X-Request-ID": "r" * 26})
    requests = [UPDATE_ACTION.write(template, update, "k" * 26) for update in updates]
    wire = Wire(Origin(_URL), "X-Request-Timeout-Ms")
    return {
        "write the call": _cost(lambda: [UPDATE_ACTION.write(template, update, "k" * 26) for update in updates]),
        "serialise": _cost(lambda: [wire.serialise(request, 5.0) for request in requests]),
    }


def _answer_parts(updates: Sequence[Update]) -> dict[str, float]:
    request = UPDATE_ACTION.template(_URL).prepare("/actions/1", b"{}", {})
    framing, gate = ResponseReader(KnownHeads(1 << 20)), _gate()
    reading = AnswerReader(atomic_errors=False, max_answer_bytes=1 << 20, misread=lambda _name: None)
    received = [(int(update.id), _received(update)) for update in updates]

    def framed(data: bytes) -> WholeResponse:
        answer = framing.whole(data, request)
        if answer is None:
            framing.feed(data)
            answer = framing.take(request)
        return answer

    answers = [framed(data) for _, data in received]

    def gated() -> None:
        for start in range(0, _ITEMS, _TOGETHER):
            together = answers[start : start + _TOGETHER]
            for _ in together:
                gate.admit()
            gate.record(together, [0.001] * len(together))

    return {
        "frame and read the answer": _cost(lambda: [reading.read(framed(data), wanted) for wanted, data in received]),
        "circuit, limit, counters": _cost(gated),
    }


def _gate() -> CoreGate:
    return CoreGate(
        ceiling=64,
        circuit=Circuit(window_seconds=10.0, min_calls=20, open_seconds=2.0),
        limit=None,
        budget=RetryBudget(ratio=0.1, window_seconds=10.0, floor=3),
        attempt_seconds=5.0,
        is_readable=is_readable,
    )


def _hold() -> None:
    """Nobody else is to run."""


def _cost(work: Callable[[], object]) -> float:
    """The fastest of many turns: what the code costs when nothing disturbs it."""
    fastest = float("inf")
    for _ in range(_TURNS):
        began = time.perf_counter()
        work()
        fastest = min(fastest, time.perf_counter() - began)
    return fastest / _ITEMS * 1e6


def _received(update: Update) -> bytes:
    content = orjson.dumps({"data": _action(update)})
    head = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sun, 22 Nov 2026 20:00:00 GMT\r\nConnection: keep-alive\r\n"
    return b"%bContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (head, len(content), content)


def _action(update: Update) -> dict[str, object]:
    """The whole action as the stub core answers it."""
    return {"id": int(update.id), "author": 4711, **orjson.loads(update.body)}


if __name__ == "__main__":
    for name, cost in parts().items():
        print(f"{cost:6.2f}  {name}")
