"""Log lines into a pipe or a socket that may be full: a reader that stalls must not hold up the service."""

from __future__ import annotations

import logging
import os
import stat
from typing import TextIO

_log = logging.getLogger(__name__)


def handler_for(stream: TextIO) -> logging.Handler:
    """A handler that writes to ``stream``, and never waits where that is a pipe or a socket."""
    try:
        descriptor = stream.fileno()
        mode = os.fstat(descriptor).st_mode
    except (OSError, ValueError):
        return logging.StreamHandler(stream)
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        return PipeHandler(descriptor)
    return logging.StreamHandler(stream)


class PipeHandler(logging.Handler):
    """Drops lines while the pipe is full, and says how many once it takes lines again."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._rest = b""
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record's line, whole and after what is left of the one before, or not at all."""
        try:
            if not self._write(self._line(record)):
                self._dropped += 1
            elif self._dropped:
                self._tell()
        except Exception:  # noqa: BLE001 -- as in every handler of the standard library: logging raises nothing
            self.handleError(record)

    def _tell(self) -> None:
        dropped, self._dropped = self._dropped, 0
        # Comes back to `emit`; where even this does not fit, it is told another time.
        _log.warning("log_lines_dropped", extra={"lines": dropped})
        if self._dropped:
            self._dropped = dropped

    def _line(self, record: logging.LogRecord) -> bytes:
        return self.format(record).encode("utf-8", "backslashreplace") + b"\n"

    def _write(self, line: bytes) -> bool:
        """Whether the line was taken; what of it does not fit now goes before the next one."""
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
