"""Workers and whole instances are replaced under load, by clients that connect anew for each request: nobody notices."""

from __future__ import annotations

import http.client
import itertools
import os
import signal
import threading
from typing import TYPE_CHECKING, Self

import pytest

from tests.doubles.fake_core import FakeCore, action, wait
from tests.faults.house import Gateway, eventually
from tests.faults.load import Load

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.client import Client

    MakeGateway = Callable[..., Gateway]

pytestmark = pytest.mark.e2e
# What is sent while a worker stops ends long before it must.
AMPLE = {"GRACEFUL_TIMEOUT": "20", "DRAIN_DELAY": "3", "MAX_QUEUE_AGE": "3"}


def assert_noticed_by_nobody(load: Load, at_least: int) -> None:
    """Every connection was accepted, and every answer is 200."""
    assert (load.lost, load.refused) == ([], 0)
    assert set(load.answers) == {200}
    assert load.total >= at_least


def reload(gateway: Gateway) -> None:
    """Every worker is replaced by another."""
    before = {worker.pid for worker in gateway.workers()}
    os.kill(gateway.master().pid, signal.SIGHUP)
    eventually(lambda: before.isdisjoint(now := {worker.pid for worker in gateway.workers()}) and now, 90.0)


# How often, and how many answers there are to be for each.
ROUNDS = [(3, 20), pytest.param(50, 200, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]


@pytest.mark.slow
@pytest.mark.parametrize(("times", "answers"), ROUNDS)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_reloads_under_load_are_noticed_by_nobody(
    make_gateway: MakeGateway, workers: str, times: int, answers: int
) -> None:
    with FakeCore(default=(wait(0.01), action())) as core:
        gateway = make_gateway(core.url, WORKERS=workers, **AMPLE)
        with Load(gateway, clients=6, connects_anew=True) as load:
            for _ in range(times):
                seen = load.total
                reload(gateway)
                eventually(lambda seen=seen: load.total >= seen + answers, 60.0)

    assert_noticed_by_nobody(load, at_least=times * answers)


class Balancer:
    """Connects to those of several gateways that are ready, one after another, as a load balancer does."""

    def __init__(self, *gateways: Gateway) -> None:
        self._gateways = gateways
        self._ready = set(gateways)
        self._turns = itertools.cycle(gateways)
        self._ending = threading.Event()
        self._watching = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._watching.join(10)

    def dial(self) -> Client:
        return next(gateway for gateway in self._turns if gateway in self._ready).dial()

    def is_ready(self, gateway: Gateway) -> bool:
        return gateway in self._ready

    def _watch(self) -> None:
        while not self._ending.wait(0.05):
            for gateway in self._gateways:
                (self._ready.add if self._is_up(gateway) else self._ready.discard)(gateway)

    def _is_up(self, gateway: Gateway) -> bool:
        try:
            return gateway.get("/readyz").status == 200
        except (OSError, http.client.HTTPException):
            return False


@pytest.mark.slow
@pytest.mark.parametrize(("times", "answers"), ROUNDS)
def test_rolling_restarts_under_load_are_noticed_by_nobody(make_gateway: MakeGateway, times: int, answers: int) -> None:
    with FakeCore(default=(wait(0.01), action())) as core:
        pair = [make_gateway(core.url, **AMPLE) for _ in range(2)]
        with Balancer(*pair) as balancer, Load(pair[0], clients=6, dial=balancer.dial, connects_anew=True) as load:
            for gateway in itertools.islice(itertools.cycle(pair), times):
                seen = load.total
                assert gateway.gateway.stop(30.0) == 0
                gateway.gateway.start()
                eventually(lambda gateway=gateway: balancer.is_ready(gateway), 90.0)
                eventually(lambda seen=seen: load.total >= seen + answers, 60.0)

    assert_noticed_by_nobody(load, at_least=times * answers)
