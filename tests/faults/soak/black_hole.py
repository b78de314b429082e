"""``python -m tests.faults.soak.black_hole``: the core takes connections and answers nothing, for half a minute under load.

Prints how fast the other endpoints answer meanwhile, and how soon the core's return is felt; ends with 1 beyond the bounds.
"""

from __future__ import annotations

import argparse
import http.client
import multiprocessing
import os
import statistics
import sys
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gateway.ending import run_to_its_end
from sandbox.stack import Stack
from tests.faults.soak.fate import frozen
from tests.faults.soak.ledger import Ledger
from tests.faults.soak.traffic import Partners

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

PATHS = ("/livez", "/readyz", "/docs", "/openapi.json")
P99_ALLOWED_SECONDS = 0.050
BACK_WITHIN_SECONDS = 5.0
_EACH_SECOND = 20
_BACK_SHARE = 0.9


class Prober:
    """Asks one path again and again on one connection, from a process of its own: the load's must not hold it up."""

    def __init__(self, url: str, path: str) -> None:
        self.path = path
        self._samples: list[tuple[float, float]] = []
        self._ours, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=probe, args=(url, path, theirs), daemon=True)

    def start(self) -> None:
        """Begin."""
        self._process.start()

    def end(self) -> None:
        """Stop, and take in what was seen."""
        self._ours.send(None)
        self._samples = self._ours.recv()
        self._process.join(30)

    def p99(self, least: float, most: float) -> float:
        """Of the answers asked for in this time, in seconds."""
        return statistics.quantiles([taken for when, taken in self._samples if least <= when < most], n=100)[-1]


def probe(url: str, path: str, pipe: Connection) -> None:
    """Until something comes through the pipe, which then gets ``(when, seconds)`` of each answer."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
    samples = []
    while not pipe.poll(1 / _EACH_SECOND):
        began = time.monotonic()
        connection.request("GET", path)
        connection.getresponse().read()
        samples.append((began, time.monotonic() - began))
    pipe.send(samples)


class Pulse(threading.Thread):
    """Items that were applied, by second."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(daemon=True)
        self.counts: list[tuple[float, int]] = []
        self.is_ending = threading.Event()
        self._stack = stack

    def run(self) -> None:
        while not self.is_ending.wait(0.5):
            self.counts.append((time.monotonic(), self._stack.core.control("GET", "calls")["applied"]))

    def rate(self, least: float, most: float) -> float:
        """Items a second between two points in time."""
        seen = [(when, count) for when, count in self.counts if least <= when <= most]
        return (seen[-1][1] - seen[0][1]) / (seen[-1][0] - seen[0][0]) if len(seen) > 1 else 0.0

    def back_at(self, since: float, wanted: float) -> float:
        """When the rate over a second was as wanted again; infinite where it never was."""
        after = [(when, count) for when, count in self.counts if when >= since]
        for (then, few), (now, many) in zip(after, after[2:], strict=False):
            if (many - few) / (now - then) >= wanted:
                return now
        return float("inf")


def main() -> int:
    """Ten seconds of health, the hole, fifteen seconds of health."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak.black_hole")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--clients", type=int, default=6)
    options = parser.parse_args()
    with Stack({"LOG_LEVEL": "error", "CORE_TIMEOUT": "2", "BATCH_DEADLINE": "8"}) as stack:
        partners, pulse = Partners([stack.gateway.url], stack.token, Ledger(), options.clients, seed=1), Pulse(stack)
        probers = [Prober(stack.gateway.url, path) for path in PATHS]
        for thread in (pulse, *probers):
            thread.start()
        # Partners have machines of their own; here they must not take the service's time.
        os.nice(10)
        partners.start()
        time.sleep(10.0)
        fell = time.monotonic()
        with frozen(stack.core.pid):
            time.sleep(options.seconds)
        rose = time.monotonic()
        time.sleep(15.0)
        for prober in probers:
            prober.end()
        pulse.is_ending.set()
        partners.end()
    return tell(probers, pulse, fell, rose)


def tell(probers: list[Prober], pulse: Pulse, fell: float, rose: float) -> int:
    """The figures."""
    before = pulse.rate(fell - 8, fell)
    back = pulse.back_at(rose, _BACK_SHARE * before) - rose
    worst = max(prober.p99(fell, rose) for prober in probers)
    for prober in probers:
        usual, meanwhile = prober.p99(fell - 8, fell), prober.p99(fell, rose)
        sys.stdout.write(
            f"  {prober.path:<15} p99 before {usual * 1000:6.1f} ms, meanwhile {meanwhile * 1000:6.1f} ms\n"
        )
    sys.stdout.write(f"  {before:.0f} items a second before; {_BACK_SHARE:.0%} of that {back:.1f} s after its return\n")
    return 0 if worst < P99_ALLOWED_SECONDS and back < BACK_WITHIN_SECONDS else 1


if __name__ == "__main__":
    sys.exit(run_to_its_end(main))
