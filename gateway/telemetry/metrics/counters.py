"""Folds what other parts count into the metrics, as deltas."""

from __future__ import annotations

import logging
import os
import platform
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gateway.telemetry.metrics.registry import Metrics
    from legacy_client.health.snapshot import GateSnapshot
    from legacy_client.transport.base import Backlog

_log = logging.getLogger(__name__)
CIRCUIT_STATES = ("closed", "half_open", "open")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Each is called once per fold. ``jobs`` gives gauges by name and labels.

    ``audit``: whether the audit trail cannot be written, and how many lines of it were lost.
    """

    core: Callable[[], GateSnapshot]
    backlog: Callable[[], Backlog]
    batches: Callable[[], int]
    shed: Callable[[], Mapping[str, int]]
    keyed_refused: Callable[[], int]
    keys_age: Callable[[], float | None]
    keys_file_problem: Callable[[], str]
    ready: Callable[[], Mapping[str, bool]]
    jobs: Callable[[], Mapping[tuple[str, ...], float]] = dict
    audit: Callable[[], tuple[bool, int]] = lambda: (False, 0)


class Folding:
    def __init__(self, metrics: Metrics, sources: Sources, version: str) -> None:
        self._metrics = metrics
        self._sources = sources
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, ...], float] = {}
        self._seen_buckets: Sequence[int] = ()
        self._circuit = "closed"
        metrics.gauge("gateway_build_info").labels(version, platform.python_version()).set(1)
        metrics.gauge("gateway_workers").set(1)

    def fold(self) -> None:
        with self._lock:
            self._metrics.fold()
            self._fold_core(self._sources.core())
            self._fold_queue()
            self._fold_process()

    def every(self, seconds: float) -> threading.Event:
        """Fold each ``seconds`` on a daemon thread until the returned event is set."""
        ended = threading.Event()
        threading.Thread(target=self._run, args=(seconds, ended), name="fold-metrics", daemon=True).start()
        return ended

    def _run(self, seconds: float, ended: threading.Event) -> None:
        while True:
            try:
                self.fold()
            except Exception:  # noqa: BLE001 -- numbers that stand still are found; a dead thread is not
                _log.exception("metrics_fold_failed")
            if ended.wait(seconds):
                return

    def _fold_core(self, core: GateSnapshot) -> None:
        for result, count in core.attempts.items():
            self._advance("gateway_core_attempts_total", count, result)
        self._advance("gateway_core_retries_total", core.retries)
        self._advance("gateway_core_refused_total", core.refused)
        self._fold_durations(core)
        gauge = self._metrics.gauge
        gauge("gateway_core_in_flight").set(core.in_flight)
        gauge("gateway_core_concurrency_limit").set(core.limit)
        for state in CIRCUIT_STATES:
            gauge("gateway_core_circuit_state").labels(state).set(state == core.circuit)
        if core.circuit != self._circuit:
            _log.warning("circuit_changed", extra={"before": self._circuit, "now": core.circuit})
            self._circuit = core.circuit

    def _fold_durations(self, core: GateSnapshot) -> None:
        seen = self._seen_buckets or (0,) * len(core.duration_counts)
        new = [now - before for now, before in zip(core.duration_counts, seen, strict=True)]
        total = self._delta(("duration_sum",), core.duration_sum)
        self._metrics.histogram("gateway_core_attempt_duration_seconds").fold(new, total)
        self._seen_buckets = core.duration_counts

    def _fold_queue(self) -> None:
        backlog = self._sources.backlog()
        self._metrics.gauge("gateway_core_waiting_items").set(backlog.requests)
        self._metrics.gauge("gateway_core_waiting_seconds").set(backlog.seconds)
        self._metrics.gauge("gateway_batches_in_flight").set(self._sources.batches())
        for reason, count in self._sources.shed().items():
            self._advance("gateway_shed_total", count, reason)
        self._advance("gateway_idempotency_refused_total", self._sources.keyed_refused())

    def _fold_process(self) -> None:
        if (age := self._sources.keys_age()) is not None:
            self._metrics.gauge("gateway_jwks_age_seconds").set(age)
        self._metrics.gauge("gateway_api_keys_file_stale").set(bool(self._sources.keys_file_problem()))
        for check, is_ready in self._sources.ready().items():
            self._metrics.gauge("gateway_ready").labels(check).set(is_ready)
        is_unwritable, lost = self._sources.audit()
        self._metrics.gauge("gateway_audit_unavailable").set(is_unwritable)
        self._advance("gateway_audit_lost_lines_total", lost)
        for (name, *labels), value in self._sources.jobs().items():
            gauge = self._metrics.gauge(name)
            (gauge.labels(*labels) if labels else gauge).set(value)
        self._advance("gateway_process_cpu_seconds_total", time.process_time())
        self._metrics.gauge("gateway_process_resident_memory_bytes").set(_resident_bytes())

    def _advance(self, name: str, now: float, *labels: str) -> None:
        counter = self._metrics.counter(name)
        (counter.labels(*labels) if labels else counter).inc(self._delta((name, *labels), now))

    def _delta(self, key: tuple[str, ...], now: float) -> float:
        delta = max(0.0, now - self._seen.get(key, 0.0))
        self._seen[key] = now
        return delta


def _resident_bytes() -> int:
    """From ``/proc/self/statm``; 0 without that file."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE_BYTES
    except OSError:
        return 0
