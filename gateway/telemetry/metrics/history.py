"""The last minutes' numbers of all workers, kept in the folder that they share."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import threading
from typing import TYPE_CHECKING, Any

import orjson

from gateway.telemetry.metrics.worker_files import try_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    Aside = Callable[[Callable[[], None]], None]

_log = logging.getLogger(__name__)
KEPT_SECONDS = 3600.0
"""Of the last five minutes all are kept, of the time before one each half minute."""
_ALL_SECONDS = 300.0
_EVERY_SECONDS, _COARSE_SECONDS = 5.0, 30.0
# The page draws none of these, and there may be thousands.
_LEFT_OUT = "gateway_partner_"
# An operator's copy of one has another.
_NAME = re.compile(r"history-[0-9]{15}\.json")


class History:
    """Each worker has one; the first of them keeps it, and another goes on when that one has ended.

    ``numbers`` are ``{"time": Unix time, "samples": {name: [(labels, value), …]}}``. ``aside`` runs what may wait for a
    disk.
    """

    def __init__(
        self, folder: Path, numbers: Callable[[], Mapping[str, Any]], aside: Aside = lambda work: work()
    ) -> None:
        self._folder = folder
        self._numbers = numbers
        self._aside = aside
        # Never closed: the kernel drops it when the process ends.
        self._lock: int | None = None
        # A worker that works meanwhile gives the interpreter away for each call of the kernel here, and for each name of
        # a folder: that took 11 ms of a busy processor.
        self._kept: Sequence[str] | None = None
        self._is_told = False

    def start(self) -> None:
        threading.Thread(target=self._run, name="keep-history", daemon=True).start()

    def keep(self) -> None:
        """One snapshot more, unless another worker keeps them. A file for each, since a file is replaced at once."""
        try:
            if self._try_to_keep():
                snapshot = _small(self._numbers())
                self._aside(lambda: self._write(snapshot))
            self._is_told = False
        except OSError as exc:
            if not self._is_told:
                self._is_told = True
                _log.warning("status_history_not_kept", extra={"reason": exc.strerror})

    def snapshots(self) -> list[bytes]:
        """As JSON, oldest first, of an hour at most. Empty where they cannot be had."""
        found: list[bytes] = []
        self._aside(lambda: found.extend(self._read()))
        return found

    def _try_to_keep(self) -> bool:
        """Whether this worker is the one that keeps them, from now on if nobody else does."""
        if self._lock is None:
            self._lock = try_lock(self._folder / "history.lock", os.O_CREAT)
        return self._lock is not None

    def _write(self, snapshot: Mapping[str, Any]) -> None:
        now, kept = snapshot["time"], self._kept
        if kept is None:
            kept = self._kept = self._names()
        name = f"history-{round(now * 1000):015}.json"
        _write_whole(f"{self._folder}/history.new", orjson.dumps(snapshot))
        os.replace(f"{self._folder}/history.new", f"{self._folder}/{name}")  # noqa: PTH105 -- a `Path` takes 200 steps of the interpreter
        kept = self._kept = sorted({*kept, name})
        times = [int(name[len("history-") : -len(".json")]) / 1000 for name in kept]
        superfluous = set(_superfluous(times, round(now * 1000) / 1000))
        for name, time in zip(kept, times, strict=True):
            if time in superfluous:
                (self._folder / name).unlink(missing_ok=True)
        self._kept = [name for name, time in zip(kept, times, strict=True) if time not in superfluous]

    def _read(self) -> list[bytes]:
        found: list[bytes] = []
        try:
            names = self._names()
        except OSError:
            return []
        for name in names:
            # The keeper may have removed the oldest meanwhile.
            with contextlib.suppress(OSError):
                found.append((self._folder / name).read_bytes())
        return found

    def _names(self) -> list[str]:
        """Of the snapshots, oldest first. Raises OSError."""
        # `Path` takes some 200 steps of the interpreter for each of them, and an hour has 170.
        names = os.listdir(self._folder)  # noqa: PTH208 -- for each name, a `Path` costs too much
        return sorted(filter(_NAME.fullmatch, names))

    def _run(self) -> None:
        ended = threading.Event()
        while not ended.wait(_EVERY_SECONDS):
            try:
                self.keep()
            except Exception:  # noqa: BLE001 -- a dead thread would keep nothing more
                _log.exception("status_history_failed")


def _write_whole(path: str, data: bytes) -> None:
    """Raises OSError, also for a disk that is full before the end."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        if os.write(handle, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(handle)


def _superfluous(times: Sequence[float], now: float) -> Iterator[float]:
    """Of ``times`` in ascending order those that are not kept."""
    slot: float | None = None
    for time in times:
        # A clock that was set back left those of a time to come.
        if not now - KEPT_SECONDS <= time <= now:
            yield time
        elif time < now - _ALL_SECONDS:
            earlier, slot = slot, time // _COARSE_SECONDS
            if slot == earlier:
                yield time


def _small(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Without zeros, which are most of it and what is not there counts as."""
    drawn = ((name, found) for name, found in numbers["samples"].items() if not name.startswith(_LEFT_OUT))
    samples = ((name, [one for one in found if one[1]]) for name, found in drawn)
    return {"time": numbers["time"], "samples": {name: found for name, found in samples if found}}
