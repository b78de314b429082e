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
        super().__init__()
        self._descriptor = descriptor

    def createLock(self) -> None:  # noqa: N802 -- the standard library's name
        # gevent's takes 130 steps of the interpreter for each line, so that a greenlet can wait while it holds the lock.
        # A write here never waits, so the lock of threads is enough.
        super().createLock()
        self.lock = _thread.RLock()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            os.write(self._descriptor, self._line(record))
        except Exception:  # noqa: BLE001 -- as in every handler of the standard library: logging raises nothing
            self.handleError(record)

    def _line(self, record: logging.LogRecord) -> bytes:
        return self.format(record).encode("utf-8", "backslashreplace") + b"\n"


class PipeHandler(DescriptorHandler):
    """Drops lines while the pipe is full, then logs how many it dropped."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        os.set_blocking(descriptor, False)
        self._rest = b""
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line whole or drop it, after what is left of the one before."""
        try:
            if not self._write(self._line(record)):
                self._dropped += 1
            elif self._dropped:
                self._tell()
        except Exception:  # noqa: BLE001 -- as in every handler of the standard library: logging raises nothing
            self.handleError(record)

    def _tell(self) -> None:
        dropped, self._dropped = self._dropped, 0
        # Comes back to `emit`. If this line does not fit either, the count stays for later.
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
