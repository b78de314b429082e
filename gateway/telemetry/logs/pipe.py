from __future__ import annotations

import _thread
import errno
import logging
import os
import stat
from typing import TextIO

_log = logging.getLogger(__name__)
# A pipe that nobody reads, a disk, a user's share of it, and the most that a file may have: each may have room again.
_FULL = frozenset({errno.EAGAIN, errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def handler_for(stream: TextIO) -> logging.Handler:
    """It never waits on a pipe or socket: a slow reader must not delay requests."""
    try:
        descriptor = stream.fileno()
        mode = os.fstat(descriptor).st_mode
    except (OSError, ValueError):
        return logging.StreamHandler(stream)
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        return PipeHandler(descriptor)
    return DescriptorHandler(descriptor) if stat.S_ISREG(mode) else logging.StreamHandler(stream)


class DescriptorHandler(logging.Handler):
    """Writes each line whole, with one call of the kernel.

    Drops lines while the disk or the pipe is full, then logs how many it dropped.
    """

    def __init__(self, descriptor: int) -> None:
        self._lock = _thread.RLock()
        super().__init__()
        self._descriptor = descriptor
        # Of a line that was written in part, and lines that were not written: either makes it behind.
        self._rest = b""
        self._dropped = 0
        self._is_behind = False

    # gevent's takes 130 steps of the interpreter for each line, so that a greenlet can wait while it holds the lock.
    # A write here never waits, so the lock of threads is enough.
    @property
    def lock(self) -> _thread.RLock:
        """That of threads, whatever the standard library or gevent puts in its place."""
        return self._lock

    @lock.setter
    def lock(self, _lock: object) -> None: ...

    def takes(self, line: bytes) -> bool:
        """Whether it was written or dropped; else it is to be handled as a record is. With its line break."""
        if self.filters:
            return False
        try:
            with self._lock:
                self._take(line)
        except Exception:  # noqa: BLE001 -- whoever handles the record tells of it
            return False
        return True

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._take(self._line(record))
        except Exception:  # noqa: BLE001 -- as in every handler of the standard library: logging raises nothing
            self.handleError(record)

    def _take(self, line: bytes) -> None:
        """Write the line whole or drop it, after what is left of the one before."""
        if self._is_behind:
            self._catch_up(line)
            return
        # Without another call: each request comes by here.
        try:
            sent = os.write(self._descriptor, line)
        except OSError as exc:
            sent = _nothing(exc)
        if sent < len(line):
            self._is_behind = True
            self._note(line, sent)

    def _catch_up(self, line: bytes) -> None:
        if self._rest:
            self._rest = self._rest[self._sent(self._rest) :]
        sent = 0 if self._rest else self._sent(line)
        self._note(line, sent)
        if sent and self._dropped:
            self._tell()
        self._is_behind = bool(self._rest or self._dropped)

    def _note(self, line: bytes, sent: int) -> None:
        if sent:
            self._rest = line[sent:]
        else:
            self._dropped += 1

    def _tell(self) -> None:
        dropped, self._dropped = self._dropped, 0
        # Comes back to `_take`. If this line does not fit either, the count stays for later.
        _log.warning("log_lines_dropped", extra={"lines": dropped})
        if self._dropped:
            self._dropped = dropped

    def _sent(self, data: bytes) -> int:
        try:
            return os.write(self._descriptor, data)
        except OSError as exc:
            return _nothing(exc)

    def _line(self, record: logging.LogRecord) -> bytes:
        return self.format(record).encode("utf-8", "backslashreplace") + b"\n"


class PipeHandler(DescriptorHandler):
    """Never waits: a pipe that nobody reads is a full one."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        os.set_blocking(descriptor, False)


def _nothing(error: OSError) -> int:
    """The bytes that were written of a line. Raises all but what may pass."""
    if error.errno not in _FULL:
        raise error
    return 0
