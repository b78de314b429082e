from __future__ import annotations

import _thread
import logging
import os
import stat
from typing import TextIO

_log = logging.getLogger(__name__)


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
    """Writes each line whole, with one call of the kernel."""

    def __init__(self, descriptor: int) -> None:
        self._lock = _thread.RLock()
        super().__init__()
        self._descriptor = descriptor

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
        os.write(self._descriptor, line)

    def _line(self, record: logging.LogRecord) -> bytes:
        return self.format(record).encode("utf-8", "backslashreplace") + b"\n"


class PipeHandler(DescriptorHandler):
    """Drops lines while the pipe is full, then logs how many it dropped."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        os.set_blocking(descriptor, False)
        self._rest = b""
        self._dropped = 0

    def _take(self, line: bytes) -> None:
        """Write the line whole or drop it, after what is left of the one before."""
        if not self._write(line):
            self._dropped += 1
        elif self._dropped:
            self._tell()

    def _tell(self) -> None:
        dropped, self._dropped = self._dropped, 0
        # Comes back to `_take`. If this line does not fit either, the count stays for later.
        _log.warning("log_lines_dropped", extra={"lines": dropped})
        if self._dropped:
            self._dropped = dropped

    def _write(self, line: bytes) -> bool:
        """Whether the line was taken, be it in part."""
        if self._rest:
            self._rest = self._rest[self._sent(self._rest) :]
            if self._rest:
                return False
        sent = self._sent(line)
        self._rest = line[sent:] if sent else b""
        return sent > 0

    def _sent(self, data: bytes) -> int:
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0
