"""What befalls the service while it works: one event after another, each undone before the next."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import psutil

from tests.faults.house import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.stack import Stack

# Answers that spoil, delay or break off; those ending in -after were applied first. A 429 or 503 never is: the contract
# takes those for a no, and a core that applies first and then says no cannot be told the truth of.
KINDS = [
    "500", "500-after", "502", "503", "429", "reset", "reset-after", "vanish", "vanish-after", "hang",
    "hang-after", "slow", "garbage", "html", "list", "null", "empty-object", "huge", "truncate", "drip", "close", "redirect",
]  # fmt: skip
_CALM_SECONDS = (1.0, 4.0)


class Fate:
    """Strikes when told to; ``spares_workers`` from a moment on, so that their memory can be watched.

    Use from the main thread: what it starts again would end with any other.
    """

    def __init__(self, stack: Stack, seed: int, share: float) -> None:
        self.struck: Counter[str] = Counter()
        self.spares_workers = False
        self._stack = stack
        self._dice = random.Random(seed)
        self._share = share

    def strike(self) -> None:
        """Leave things alone for a while, then strike, and undo it."""
        self._pause(*_CALM_SECONDS)
        blow = self._dice.choice(self._blows())
        self.struck[blow.__name__.strip("_")] += 1
        blow()
        self.weather()

    def relent(self) -> None:
        """No more faults."""
        self._tell_core({})

    def weather(self) -> None:
        """Faults on a share of all calls, and some latency."""
        self._tell_core({"latency_ms": self._dice.choice((0, 2, 10, 30)), "fault_rate": self._share, "faults": KINDS})

    def _tell_core(self, weather: dict[str, object]) -> None:
        eventually(partial(self._told, weather))

    def _told(self, weather: dict[str, object]) -> bool:
        try:
            self._stack.core.control("PUT", "weather", weather)
        except OSError:
            return False
        return True

    def _blows(self) -> list[Callable[[], None]]:
        anyway = [self._freeze_core, self._restart_core, self._rotate_keys, self._freeze_identity]
        return anyway if self.spares_workers else [*anyway, self._kill_worker, self._reload]

    def _pause(self, least: float, most: float) -> None:
        time.sleep(self._dice.uniform(least, most))

    def _freeze_core(self) -> None:
        with frozen(self._stack.core.pid):
            self._pause(0.5, 3.0)

    def _restart_core(self) -> None:
        self._stack.core.kill()
        self._pause(0.5, 2.0)
        self._stack.core.start()

    def _rotate_keys(self) -> None:
        self._stack.identity.control("POST", "rotate")

    def _freeze_identity(self) -> None:
        with frozen(self._stack.identity.pid):
            self._pause(0.5, 3.0)

    def _kill_worker(self) -> None:
        with contextlib.suppress(psutil.Error, IndexError):
            self._dice.choice(workers(self._stack)).kill()

    def _reload(self) -> None:
        os.kill(workers(self._stack)[0].ppid(), signal.SIGHUP)
        self._pause(3.0, 4.0)


@contextlib.contextmanager
def frozen(pid: int):
    """A process and its children stand still."""
    everyone = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    for process in everyone:
        process.suspend()
    try:
        yield
    finally:
        for process in everyone:
            process.resume()


def workers(stack: Stack) -> list[psutil.Process]:
    """The gateway's workers."""
    everyone = psutil.Process(stack.gateway.pid).children(recursive=True)
    parents = {process.ppid() for process in everyone}
    return [process for process in everyone if process.pid not in parents]
