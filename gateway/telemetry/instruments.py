from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from gateway.telemetry.hooks import FanOut
from gateway.telemetry.logs.lines import Lines
from gateway.telemetry.metrics.counters import Folding
from gateway.telemetry.metrics.registry import Metrics
from gateway.telemetry.metrics.snapshot import Snapshots
from gateway.telemetry.traces import NoTraces, TracesUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from gateway.telemetry.hooks import Telemetry
    from gateway.telemetry.logs.gathered import Later
    from gateway.telemetry.metrics.counters import Sources
    from gateway.telemetry.traces import Traces

    Numbers = dict[str, list[tuple[dict[str, str], float]]]

_FOLD_SECONDS = 1.0


class Instruments:
    """One per worker, made after the fork. Raises TracesUnavailable.

    ``folder`` is where workers share their numbers; None for one process. ``routes`` come with methods.
    The log line of a request may wait for others until ``later`` runs what it was given.
    """

    def __init__(
        self,
        *,
        metrics: bool,
        traces: bool,
        version: str,
        folder: Path | None = None,
        routes: Iterable[tuple[str, str]] = (),
        later: Later | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._version = version
        self._clock = clock
        self.folder = folder
        self._snapshots = Snapshots(folder) if folder else None
        self._metrics = Metrics(folder, routes) if metrics else None
        self._folding: Folding | None = None
        self._ended = threading.Event()
        self.traces = connect_traces(enabled=traces, version=version)
        self._lines = Lines(later)
        hooks: list[Telemetry] = [self._lines, self.traces]
        self.telemetry = FanOut([*hooks, self._metrics] if self._metrics else hooks)

    def watch(self, sources: Sources, *, seconds: float = _FOLD_SECONDS) -> None:
        """Fold the counts before each page, and each ``seconds`` where workers share files."""
        if self._metrics:
            self._folding = Folding(self._metrics, sources, self._version)
            if self.folder is not None:
                self._ended = self._folding.every(seconds)

    def close(self) -> None:
        """Writes the lines that wait, and folds a last time: the next worker goes on from there."""
        self._lines.close()
        self._ended.set()
        if self._folding:
            self._folding.fold()

    def render(self) -> bytes:
        """Prometheus' text format."""
        return self._present().render()

    def numbers(self) -> dict[str, object]:
        """``{"time": …, "samples": {name: [(labels, value), …]}}``."""
        samples: Numbers = {}
        for family in self._present().collect():
            for sample in family.samples:
                samples.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
        return {"time": self._clock(), "samples": samples}

    def snapshot(self) -> dict[str, object]:
        """The same without zeros, for less, of workers that share a folder."""
        self._present()
        return {"time": self._clock(), "samples": self._snapshots.samples() if self._snapshots else {}}

    def _present(self) -> Metrics:
        if self._metrics is None:
            raise RuntimeError("metrics are switched off")
        if self._folding:
            self._folding.fold()
        return self._metrics


def connect_traces(*, enabled: bool, version: str) -> Traces:
    """Exports by OTLP over HTTP, as ``OTEL_*`` variables say. Call it after the fork.

    Raises TracesUnavailable.
    """
    if not enabled:
        return NoTraces()
    try:
        from gateway.telemetry.spans import exporting_traces
    except ImportError as exc:
        raise TracesUnavailable(
            "GATEWAY_TRACES: needs the extra `traces` (pip install -r deploy/lock/traces.txt)"
        ) from exc
    return exporting_traces(version)
