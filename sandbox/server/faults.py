"""Every way to spoil an answer, by name, and the weather that decides when.

A fault comes *instead* of the call, so that nothing is applied, or spoils the answer *after* it. ``500``, ``503``,
``hang``, ``reset``, ``vanish`` and ``slow`` come instead; ``500-after`` and so on come after.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sandbox.server.messages import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.server.messages import Ending

HUGE_BYTES = 2 * 1024 * 1024
USUAL_KINDS = ("500", "503", "reset")
_JSON = (("Content-Type", "application/json"),)


@dataclass(frozen=True, slots=True)
class Fault:
    """``is_applied``: the call takes effect before ``spoil`` changes its answer. ``text`` says it in words."""

    is_applied: bool
    spoil: Callable[[Answer], Answer]
    text: str


def _ending(ending: Ending) -> Callable[[Answer], Answer]:
    return lambda answer: replace(answer, ending=ending)


def _body(body: bytes, kind: str = "application/json") -> Callable[[Answer], Answer]:
    return lambda answer: Answer(answer.status, body, (("Content-Type", kind),))


def instead(answer: Answer, text: str) -> Fault:
    """A fault that always answers ``answer`` and applies nothing."""
    return Fault(False, lambda _: answer, text)


def common_faults(error: Callable[[int], Answer], slow_seconds: float) -> dict[str, Fault]:
    """The faults of any server. ``error(status)`` makes an error answer in its own shape."""
    either = {
        "500": (lambda _: error(500), "500"),
        "502": (lambda _: error(502), "502"),
        "503": (lambda _: error(503), "503 with Retry-After"),
        "hang": (_ending("hang"), "no answer, ever"),
        "reset": (_ending("reset"), "TCP reset in place of an answer"),
        "vanish": (_ending("vanish"), "connection closed in place of an answer"),
    }
    table = {name: Fault(False, spoil, f"{text}; nothing applied") for name, (spoil, text) in either.items()}
    table |= {f"{name}-after": Fault(True, spoil, f"{text}; applied") for name, (spoil, text) in either.items()}
    table["429"] = instead(error(429), "429 with Retry-After; nothing applied")
    table["slow"] = Fault(True, lambda answer: replace(answer, delay=slow_seconds), f"answers after {slow_seconds:g} s")
    return table | _BROKEN_ANSWERS


_BROKEN_ANSWERS = {
    "garbage": Fault(True, _body(b'{"data": {"id": 1,'), "200 with broken JSON; applied"),
    "html": Fault(True, _body(b"<html>Log in</html>", "text/html"), "200 with a web page; applied"),
    "list": Fault(True, _body(b"[1, 2]"), "200 with a JSON list; applied"),
    "null": Fault(True, _body(b"null"), "200 with a JSON null; applied"),
    "empty-object": Fault(True, _body(b"{}"), "200 with an empty JSON object; applied"),
    "huge": Fault(True, _body(b'{"data": "' + b"x" * HUGE_BYTES + b'"}'), "200 with 2 MiB of JSON; applied"),
    "truncate": Fault(True, _ending("truncate"), "half the answer, then closed; applied"),
    "drip": Fault(True, _ending("drip"), "the answer a byte at a time; applied"),
    "close": Fault(True, _ending("close"), "whole answer, connection closed after it; applied"),
    "redirect": Fault(False, lambda _: Answer(302, b"", (("Location", "/elsewhere"),)), "302; nothing applied"),
    "202": Fault(True, lambda _: Answer(202), "202 without a body; applied"),
    "204": Fault(True, lambda _: Answer(204), "204; applied"),
    "empty": Fault(True, lambda _: Answer(200, b"", _JSON), "200 without a body; applied"),
}


@dataclass(slots=True)
class Weather:
    """Latency on every call, and a share of calls with a fault of ``kinds``."""

    latency_ms: float = 0.0
    fault_rate: float = 0.0
    kinds: tuple[str, ...] = USUAL_KINDS
    # Seeded, so that a run can be repeated.
    _dice: random.Random = field(default_factory=lambda: random.Random(1))

    def draw(self) -> str | None:
        """The fault of the next call, or None."""
        if not self.fault_rate or self._dice.random() >= self.fault_rate:
            return None
        return self._dice.choice(self.kinds)

    def slow(self, answer: Answer) -> Answer:
        """The answer, later."""
        return replace(answer, delay=answer.delay + self.latency_ms / 1000) if self.latency_ms else answer


def weather(known: Mapping[str, Fault], wanted: Mapping[str, Any]) -> Weather:
    """A Weather from ``latency_ms``, ``fault_rate`` and ``faults``. Raises ValueError where they make no sense.

    Faults without a rate come on every call; a rate without faults draws from the usual ones.
    """
    kinds = tuple(wanted.get("faults", ()))
    rate = wanted.get("fault_rate", 1.0 if kinds else 0.0)
    unknown = sorted(set(kinds) - set(known))
    if unknown:
        raise ValueError(f"unknown fault {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    if not 0 <= rate <= 1 or wanted.get("latency_ms", 0) < 0:
        raise ValueError("fault_rate is between 0 and 1, latency_ms not negative")
    return Weather(wanted.get("latency_ms", 0), rate, kinds or USUAL_KINDS)
