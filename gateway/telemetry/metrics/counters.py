"""Folds what other parts count into the metrics, as deltas."""

from __future__ import annotations

import logging
import os
import platform
import threading
import time
from dataclasses import dataclass
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
        self._shown: dict[tuple[str, ...], float] = {}
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
        self._show("gateway_core_in_flight", core.in_flight)
        self._show("gateway_core_concurrency_limit", core.limit)
        for state in CIRCUIT_STATES:
            self._show("gateway_core_circuit_state", state == core.circuit, state)
        if core.circuit != self._circuit:
            _log.warning("circuit_changed", extra={"before": self._circuit, "now": core.circuit})
            self._circuit = core.circuit

    def _fold_durations(self, core: GateSnapshot) -> None:
        seen = self._seen_buckets or (0,) * len(core.duration_counts)
        if core.duration_counts == seen:
            return
        new = [now - before for now, before in zip(core.duration_counts, seen, strict=True)]
        total = self._delta(("duration_sum",), core.duration_sum)
        self._metrics.histogram("gateway_core_attempt_duration_seconds").fold(new, total)
        self._seen_buckets = core.duration_counts

    def _fold_queue(self) -> None:
        backlog = self._sources.backlog()
        self._show("gateway_core_waiting_items", backlog.requests)
        self._show("gateway_core_waiting_seconds", backlog.seconds)
        self._show("gateway_batches_in_flight", self._sources.batches())
        for reason, count in self._sources.shed().items():
            self._advance("gateway_shed_total", count, reason)
        self._advance("gateway_idempotency_refused_total", self._sources.keyed_refused())

    def _fold_process(self) -> None:
        if (age := self._sources.keys_age()) is not None:
            self._show("gateway_jwks_age_seconds", age)
        self._show("gateway_api_keys_file_stale", bool(self._sources.keys_file_problem()))
        for check, is_ready in self._sources.ready().items():
            self._show("gateway_ready", is_ready, check)
        is_unwritable, lost = self._sources.audit()
        self._show("gateway_audit_unavailable", is_unwritable)
        self._advance("gateway_audit_lost_lines_total", lost)
        # Most stay as they are.
        for (name, *labels), value in self._sources.jobs().items() - self._shown.items():
            self._show(name, value, *labels)
        self._advance("gateway_process_cpu_seconds_total", time.process_time())
        self._show("gateway_process_resident_memory_bytes", _resident_bytes())

    def _show(self, name: str, value: float, *labels: str) -> None:
        """A gauge's value now."""
        # Most stay as they are, and the library takes 200 steps of the interpreter to write one.
        if self._shown.get((name, *labels)) != value:
            self._shown[name, *labels] = value
            gauge = self._metrics.gauge(name)
            (gauge.labels(*labels) if labels else gauge).set(value)

    def _advance(self, name: str, now: float, *labels: str) -> None:
        key = (name, *labels)
        is_new = key not in self._seen
        # A series stands at zero before it grows.
        if (delta := self._delta(key, now)) or is_new:
            counter = self._metrics.counter(name)
            (counter.labels(*labels) if labels else counter).inc(delta)

    def _delta(self, key: tuple[str, ...], now: float) -> float:
        delta = max(0.0, now - self._seen.get(key, 0.0))
        self._seen[key] = now
        return delta


def _resident_bytes() -> int:
    """From ``/proc/self/statm``; 0 without that file."""
    try:
        # `Path` takes 300 steps of the interpreter to look at the name, each second.
        with open("/proc/self/statm", encoding="ascii") as counts:  # noqa: PTH123 -- by each second, a `Path` costs too much
            return int(counts.read().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0
