"""Which gateways are started together, and what is made of their costs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from bench import beside as module
from bench.beside import Variant, beside

if TYPE_CHECKING:
    from collections.abc import Sequence

VARIANTS = {"off": Variant(), "some": Variant(), "all": Variant()}
# CPU microseconds an item of each start, in their order.
COSTS = [
    *[{"off": 40.0, "some": 42.0}, {"some": 46.0, "off": 40.0}],
    *[{"off": 50.0, "all": 55.0}, {"all": 65.0, "off": 50.0}],
    *[{"some": 33.0, "off": 30.0}, {"off": 30.0, "some": 33.0}],
    *[{"all": 60.0, "off": 30.0}, {"off": 30.0, "all": 60.0}],
]


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The gateways of each start, in their order."""
    told: list[list[str]] = []

    def started(_rig: Any, _into: Any, _variants: Any, order: Sequence[str]) -> dict[str, float]:
        told.append(list(order))
        return COSTS[len(told) - 1]

    monkeypatch.setattr(module, "_started", started)
    return told


def rig(*, quick: bool) -> Any:
    return SimpleNamespace(core=SimpleNamespace(delay=lambda _ms: None), quick=quick)


def test_two_at_a_time_share_the_processor_and_either_is_started_first(orders):
    samples = beside(rig(quick=False), None, 2, VARIANTS)  # type: ignore[arg-type]  # it is handed on alone

    assert orders == [list(costs) for costs in COSTS]
    assert samples == {
        "off": [{"cpu_us": 45.0, "ratio": 1.0}, {"cpu_us": 30.0, "ratio": 1.0}],
        "some": [{"cpu_us": 44.0, "ratio": 1.1}, {"cpu_us": 33.0, "ratio": 1.1}],
        "all": [{"cpu_us": 60.0, "ratio": 1.2}, {"cpu_us": 60.0, "ratio": 2.0}],
    }


def test_a_quick_run_starts_each_pair_once(orders):
    variants = {"off": Variant(), "some": Variant()}

    beside(rig(quick=True), None, 2, variants)  # type: ignore[arg-type]  # it is handed on alone

    assert orders == [["off", "some"], ["some", "off"]]


def test_of_two_gateways_each_is_asked_as_its_own_variant_says(monkeypatch):
    """``variants`` holds others too, which do not run now."""
    variants = {"plain": Variant(), "keyed": Variant(is_keyed=True), "lines": Variant(is_streamed=True)}
    running = {
        name: SimpleNamespace(url=f"http://{name}", process=SimpleNamespace(cpu=iter([1.0, 2.2]).__next__))
        for name in ("plain", "keyed")
    }
    asked: list[Any] = []

    def send(urls: Sequence[str], *_: Any, **how: Any) -> None:
        asked.append((urls, how["keyed"], how["streamed"]))

    monkeypatch.setattr(module, "send", send)
    costs = module._costs(SimpleNamespace(token="t", quick=True), running, variants)  # type: ignore[arg-type]  # they play the part

    assert asked == [(["http://plain", "http://keyed"], {"http://keyed"}, set())]
    # 1.2 s of a processor for 8 clients, 10 turns and 100 items.
    assert costs == pytest.approx({"plain": 150.0, "keyed": 150.0})
