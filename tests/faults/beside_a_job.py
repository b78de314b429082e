"""``python -m tests.faults.beside_a_job``: how long batches of one item take alone, and beside a job that runs.

The job is paused and resumed in turns, so that other work on the machine meets both alike. Ends with 1 where the
99th percentile beside the job is more than 1.5 times the one without.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import sys
import threading
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bench.items import BULK, body, item
from gateway.ending import run_to_its_end
from tests.faults.million import JOBS, OVER, OVER_HELP, start

if TYPE_CHECKING:
    from tests.faults.million import Run

BOUND = 1.5
RATIO = "p99 beside / alone"
_PARTNERS = 4
_PAUSE_SECONDS = 0.01
_ids = itertools.count(50_000_000)


def waits(url: str, headers: dict[str, str], seconds: float) -> list[float]:
    """How long each batch took that was sent in this time, in milliseconds. Raises RuntimeError for one that failed."""
    found: list[float] = []
    failed: list[int] = []
    until = time.monotonic() + seconds

    def send() -> None:
        with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection:
            while time.monotonic() < until:
                began = time.perf_counter()
                connection.request("PATCH", BULK, body([item(next(_ids))]), headers)
                answer = connection.getresponse()
                answer.read()
                found.append(1000 * (time.perf_counter() - began))
                if answer.status != http.client.OK:
                    failed.append(answer.status)
                time.sleep(_PAUSE_SECONDS)

    threads = [threading.Thread(target=send) for _ in range(_PARTNERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise RuntimeError(f"batches were answered {set(failed)}")
    return found


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measure(run: Run, job: str, rounds: int, seconds: float) -> dict[str, Any]:
    """The job is started and does not end meanwhile."""
    alone: list[float] = []
    beside: list[float] = []
    done = -_unprocessed(run, job)
    for _ in range(rounds):
        run.partner.ask("POST", f"{JOBS}/{job}/pause")
        time.sleep(1.0)
        alone += waits(run.partner.url, run.partner.headers, seconds)
        run.partner.ask("POST", f"{JOBS}/{job}/resume")
        time.sleep(1.0)
        beside += waits(run.partner.url, run.partner.headers, seconds)
    done += _unprocessed(run, job)
    return {
        "batches, alone and beside": [len(alone), len(beside)],
        "p50 (ms), alone and beside": [round(quantile(each, 0.5), 1) for each in (alone, beside)],
        "p99 (ms), alone and beside": [round(quantile(each, 0.99), 1) for each in (alone, beside)],
        "items of the job a second": round(-done / rounds / (seconds + 1)),
        RATIO: round(quantile(beside, 0.99) / quantile(alone, 0.99), 2),
    }


def _unprocessed(run: Run, job: str) -> int:
    found = run.partner.ask("GET", f"{JOBS}/{job}")
    if found["ended_at"] is not None:
        raise RuntimeError("the job has ended: give it more items")
    return int(found["counts"]["unprocessed"])


def beside(options: argparse.Namespace) -> dict[str, Any]:
    """What ``measure`` finds of a job that is sent and started here."""
    with ExitStack() as stack:
        run = start(stack, options)
        job = run.partner.upload(options.items)
        run.partner.ask("POST", f"{JOBS}/{job}/start", b'{"parts":%d}' % (-(-options.items // 1000)))
        return measure(run, job, options.rounds, options.seconds)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.beside_a_job")
    parser.add_argument("--items", type=int, default=150_000, help="of the job, which must not end meanwhile")
    parser.add_argument("--over", choices=OVER, default="loop", help=OVER_HELP)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--latency-ms", type=int, default=20, help="of the core")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each turn of a round")
    found = beside(parser.parse_args())
    for name, value in found.items():
        sys.stdout.write(f"  {name:<30} {value}\n")
    return 0 if found[RATIO] <= BOUND else 1


if __name__ == "__main__":
    sys.exit(run_to_its_end(main))
