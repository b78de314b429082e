from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from typing import TYPE_CHECKING, BinaryIO

from gateway.audit.sink import AuditUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

_FILES = 8
_DAY_SECONDS = 86_400.0
_BLOCK_BYTES = 262_144


class RotatingFile:
    """``path`` and up to seven older ones, ``path.1`` being the youngest. Only their owner can read them.

    ``max_bytes`` bounds all of them together. One whose last line is ``days`` old is removed.
    """

    # Several workers write, so each write and each rotation holds the lock of one file beside.
    def __init__(self, path: Path, *, max_bytes: int, days: float, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._file_bytes = max_bytes // _FILES
        self._seconds = days * _DAY_SECONDS
        self._clock = clock

    def write(self, lines: Sequence[bytes]) -> None:
        written = 0
        try:
            with self._locked():
                for portion in _portions(lines, self._file_bytes):
                    self._append(b"".join(portion))
                    written += len(portion)
        except OSError as exc:
            raise _unavailable(exc, written) from exc

    def newest(self, since: datetime | None = None) -> Iterator[bytes]:
        try:
            with contextlib.ExitStack() as opened:
                for file in self._files(opened):
                    if since is None or os.fstat(file.fileno()).st_mtime >= since.timestamp():
                        yield from _backwards(file)
        except OSError as exc:
            raise _unavailable(exc) from exc

    def close(self) -> None:
        """No file stays open between two writes."""

    def _files(self, opened: contextlib.ExitStack) -> list[BinaryIO]:
        """Youngest first. All are open before the first is read, since a rotation may rename them meanwhile."""
        found: dict[int, BinaryIO] = {}
        for number in range(_FILES):
            with contextlib.suppress(FileNotFoundError):
                file = opened.enter_context(self._numbered(number).open("rb"))
                found.setdefault(os.fstat(file.fileno()).st_ino, file)
        return list(found.values())

    def _append(self, data: bytes) -> None:
        size = self._size()
        if size and size + len(data) > self._file_bytes:
            self._rotate()
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _write_whole(handle, data)
        finally:
            os.close(handle)

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0

    def _rotate(self) -> None:
        *others, last = self._paths(_FILES)
        last.unlink(missing_ok=True)
        for number, path in reversed(list(enumerate(others, 1))):
            if path.exists():
                path.rename(self._numbered(number))
        for path in self._paths():
            if path.stat().st_mtime < self._clock() - self._seconds:
                path.unlink()

    def _paths(self, most: int = 0) -> list[Path]:
        """Youngest first; ``most`` of them, or those that are there."""
        paths = [self._numbered(number) for number in range(_FILES)]
        return paths[:most] if most else [path for path in paths if path.exists()]

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self._opened_lock()
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _opened_lock(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            return os.open(f"{self._path}.lock", flags, 0o600)
        except (FileNotFoundError, NotADirectoryError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(f"{self._path}.lock", flags, 0o600)


def _portions(lines: Sequence[bytes], size: int) -> Iterator[list[bytes]]:
    """Whole lines together, of about ``size`` bytes at most."""
    portion: list[bytes] = []
    held = 0
    for line in lines:
        if portion and held + len(line) > size:
            yield portion
            portion, held = [], 0
        portion.append(line)
        held += len(line)
    yield portion


def _write_whole(handle: int, data: bytes) -> None:
    """Leaves no part of it where the disk is full. Raises OSError."""
    if (written := os.write(handle, data)) < len(data):
        # Not by its size before: others may have moved the file away since it was asked.
        os.ftruncate(handle, os.fstat(handle).st_size - written)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _backwards(file: BinaryIO) -> Iterator[bytes]:
    at, rest = file.seek(0, os.SEEK_END), b""
    while at:
        size = min(_BLOCK_BYTES, at)
        at -= size
        file.seek(at)
        first, *lines = (file.read(size) + rest).split(b"\n")
        yield from (line for line in reversed(lines) if line)
        rest = first
    if rest:
        yield rest


def _unavailable(error: OSError, written: int = 0) -> AuditUnavailable:
    code = errno.errorcode.get(error.errno or 0, type(error).__name__)
    return AuditUnavailable(f"{code} ({error.strerror}): {error.filename or 'the file'}", written)
