"""The folder where gunicorn's workers keep their numbers, so that each can show the sum.

A worker names its files after its place: the lowest number that no living worker holds.
A new worker continues the numbers of a dead one, so no counter falls.
The kernel drops a place's lock when the process ends.
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
"""prometheus-client looks here for the folder. The server sets it."""
_log = logging.getLogger(__name__)
_OWNER = "owner.lock"
_FILE_BYTES = 1 << 20


def make_folder(state_dir: Path) -> Path:
    """Removes those of dead servers. Raises OSError where ``state_dir`` cannot be written to."""
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in state_dir.glob("metrics-*"):
        # Another server may clean up too. A folder without a lock is being made by it.
        with contextlib.suppress(OSError):
            _remove_if_dead(left)
    folder = Path(tempfile.mkdtemp(prefix="metrics-", dir=state_dir))
    # Never closed: held as long as the server or one of its workers lives.
    try_lock(folder / _OWNER, os.O_CREAT)
    return folder


def _remove_if_dead(folder: Path) -> None:
    if (lock := try_lock(folder / _OWNER)) is not None:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def join(environ: Mapping[str, str]) -> Path | None:
    """Take a place in the server's folder. None outside a server, or when the disk is full.

    Call it before the first metric is made: later metrics live in files of the folder.
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
    """Drops their gauges; their counters stay."""
    for held in folder.glob("place-*.lock"):
        if (lock := try_lock(held)) is not None:
            place = held.stem.removeprefix("place-")
            for gauges in folder.glob(f"gauge_live*_{place}.db"):
                gauges.unlink(missing_ok=True)
            os.close(lock)


def _reserve(folder: Path, place: int) -> None:
    # A write to a mapped file on a full disk would end the process.
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
    while try_lock(folder / f"place-{place}.lock", os.O_CREAT) is None:
        place += 1
    return place


def try_lock(path: Path, flags: int = 0) -> int | None:
    """Held until the handle is closed. None if the lock is taken. Raises OSError for no such file."""
    handle = os.open(path, os.O_RDWR | flags, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle
