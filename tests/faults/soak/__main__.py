"""``python -m tests.faults.soak --seconds 600``: prints what became of all items, and ends with 1 on any contradiction."""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil

from gateway.ending import run_to_its_end
from sandbox.stack import Stack
from tests.faults.soak.fate import Fate, workers
from tests.faults.soak.ledger import Ledger
from tests.faults.soak.traffic import Partners

SETTINGS = {
    "WORKERS": "2",
    "CORE_TIMEOUT": "1",
    "ITEM_DEADLINE": "3",
    "BATCH_DEADLINE": "5",
    "DRAIN_DELAY": "0.5",
    "RETRY_BUDGET": "0.2",
    "KEYS_TTL": "5",
    "KEYS_COOLDOWN": "1",
    "LOG_LEVEL": "warning",
}
_MEND_SECONDS = 60.0
# Calls that their callers gave up may still be under way in the core.
SETTLED_SECONDS = 3.0
_GROWTH_ALLOWED = 0.10


def main() -> int:
    """Half of the time before a core that honours keys, half before one that does not."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--faults", type=float, default=0.05, help="share of the core's answers that are faults")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    return max(phase(options, honours=honours) for honours in (True, False))


def phase(options: argparse.Namespace, *, honours: bool) -> int:
    """One half; 1 if anything contradicts the answers."""
    title = "the core honours idempotency keys" if honours else "the core does not know idempotency keys"
    sys.stdout.write(f"\n{title}, {options.seconds / 2:g} s, seed {options.seed}\n")
    ledger, memory = Ledger(), Memory()
    with tempfile.TemporaryDirectory(prefix="soak-core-") as state:
        core = ["--state", state, *([] if honours else ["--no-idempotency"])]
        settings = {**SETTINGS, "CORE_HONOURS_IDEMPOTENCY": str(honours)}
        with Stack(settings, core=core, folder=Path(state)) as stack:
            partners = Partners([stack.gateway.url], stack.token, ledger, options.clients, options.seed)
            fate = Fate(stack, options.seed, options.faults)
            run(stack, partners, fate, ledger, memory, options.seconds / 2)
            lines = log_lines(stack)
    found = ledger.reconcile()
    tell(partners, fate, ledger, memory, found, options.seconds / 2)
    for text in ledger.contradictions + lines:
        sys.stdout.write(f"  CONTRADICTION {text}\n")
    return 1 if ledger.contradictions or lines or not memory.is_flat() else 0


def run(stack: Stack, partners: Partners, fate: Fate, ledger: Ledger, memory: Memory, seconds: float) -> None:
    """Traffic and fate together; then everything heals, and what is open is mended."""
    began = time.monotonic()
    fate.weather()
    partners.start()
    while (passed := time.monotonic() - began) < seconds:
        fate.spares_workers = passed > seconds / 3
        fate.strike()
        memory.look(stack, passed / seconds)
        ledger.read_journal(stack.core)
    fate.relent()
    partners.end()
    partners.mend(_MEND_SECONDS)
    time.sleep(SETTLED_SECONDS)
    ledger.read_journal(stack.core)


class Memory:
    """Resident bytes of the workers, looked at while none of them is replaced."""

    def __init__(self) -> None:
        self._samples: list[tuple[float, int]] = []

    def look(self, stack: Stack, share: float) -> None:
        """Now, when this share of the time has passed."""
        with contextlib.suppress(psutil.Error):
            self._samples.append((share, max(worker.memory_info().rss for worker in workers(stack))))

    def between(self, least: float, most: float) -> float:
        """The median in MiB over a part of the time."""
        return statistics.median([rss for share, rss in self._samples if least <= share < most] or [0]) / 1024 / 1024

    def is_flat(self) -> bool:
        """Whether the last sixth lies no more than a tenth above the middle of the quiet part."""
        return self.between(5 / 6, 1.1) <= (1 + _GROWTH_ALLOWED) * self.between(1 / 2, 5 / 6)


def log_lines(stack: Stack) -> list[str]:
    """Lines of the log that no fault excuses."""
    bad = ("unhandled_fault", "request_failed_before_the_application", "batch_failed", "Traceback")
    lines = stack.gateway.log.read_text(errors="replace").splitlines()
    return [line[:400] for line in lines if any(text in line for text in bad)][:10]


def tell(partners: Partners, fate: Fate, ledger: Ledger, memory: Memory, found: dict[str, int], seconds: float) -> None:
    """The figures."""
    latencies = sorted(partners.latencies)
    rows = {
        "items sent": partners.items,
        "items a second": round(partners.items / seconds),
        **found,
        "answers": dict(sorted(ledger.statuses.items())),
        "struck by": dict(sorted(fate.struck.items())),
        "latency p50, p99, max (s)": [round(latencies[int(len(latencies) * q) - 1], 3) for q in (0.5, 0.99, 1.0)],
        "memory, middle and end (MiB)": [round(memory.between(1 / 2, 5 / 6)), round(memory.between(5 / 6, 1.1))],
        "contradictions": len(ledger.contradictions),
    }
    for name, value in rows.items():
        sys.stdout.write(f"  {name:<30} {value}\n")


if __name__ == "__main__":
    sys.exit(run_to_its_end(main))
