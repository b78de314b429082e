"""The folder in which gunicorn's workers keep their numbers, so that each of them can show the sum of all.

Each worker writes to files named after its place: the lowest number that no living worker holds. A new worker takes
over the place of a dead one and counts on from its numbers, so files do not grow in number with each recycled worker
and no counter ever falls. A place is held by a lock that the kernel drops however the process ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import values

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus-client itself looks for the folder; set by the server for its workers."""
_log = logging.getLogger(__name__)
_OWNER = "owner.lock"
_FILE_BYTES = 1 << 20


def make_folder(state_dir: Path) -> Path:
    """A fresh folder for one server and its workers, and the end of those that dead servers left behind.

    Raises OSError where ``state_dir`` cannot be written to.
    """
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in state_dir.glob("metrics-*"):
        # Another server may sweep at the same time; a folder without a lock is one that it just makes.
        with contextlib.suppress(OSError):
            _remove_if_dead(left)
    folder = Path(tempfile.mkdtemp(prefix="metrics-", dir=state_dir))
    # Never closed: held as long as the server or one of its workers lives.
    _try_lock(folder / _OWNER, os.O_CREAT)
    return folder


def _remove_if_dead(folder: Path) -> None:
    if (lock := _try_lock(folder / _OWNER)) is not None:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def join(environ: Mapping[str, str]) -> Path | None:
    """Take a place in the server's folder for this process; None outside a server, or where the disk is full.

    Must come before the first metric is made: from then on metrics of this process live in files of the folder.
    """
    if not environ.get(VARIABLE):
        return None
    folder = Path(environ[VARIABLE])
    try:
        place = _take_place(folder)
        _reserve(folder, place)
    except OSError as exc:
        _log.error("metrics_not_shared", extra={"reason": exc.strerror})
        return None
    values.ValueClass = values.MultiProcessValue(lambda: place)  # type: ignore[no-untyped-call]  # the library leaves it untyped
    return folder


def forget_dead(folder: Path) -> None:
    """Drop the gauges of workers that are gone; their counters stay for whoever takes over the place."""
    for held in folder.glob("place-*.lock"):
        if (lock := _try_lock(held)) is not None:
            place = held.stem.removeprefix("place-")
            for gauges in folder.glob(f"gauge_live*_{place}.db"):
                gauges.unlink(missing_ok=True)
            os.close(lock)


def _reserve(folder: Path, place: int) -> None:
    """Make the place's files as large as they will ever be: to write to a mapped file on a full disk ends the process."""
    # Imported here: the server imports this module before its workers patch the standard library.
    from gateway.telemetry.metrics.table import METRICS

    for kind in {f"gauge_{spec.across}" if spec.kind == "gauge" else spec.kind for spec in METRICS}:
        handle = os.open(folder / f"{kind}_{place}.db", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(handle, 0, _FILE_BYTES)
        finally:
            os.close(handle)


def _take_place(folder: Path) -> int:
    place = 0
    # Never closed: the place is held until the process ends.
    while _try_lock(folder / f"place-{place}.lock", os.O_CREAT) is None:
        place += 1
    return place


def _try_lock(path: Path, flags: int = 0) -> int | None:
    """The open file that holds the lock, or None if somebody else has it. Raises OSError where there is no such file."""
    handle = os.open(path, os.O_RDWR | flags, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle
