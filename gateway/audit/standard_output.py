from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from gateway.audit.sink import AuditUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

_PAUSE_SECONDS = 0.05


class StandardOutput:
    """Waits for a slow reader. What was written cannot be looked for here."""

    def __init__(self, descriptor: int = 1, pause: Callable[[float], None] = time.sleep) -> None:
        self._descriptor = descriptor
        self._pause = pause

    def write(self, lines: Sequence[bytes]) -> None:
        data = memoryview(b"".join(lines))
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                # Standard error may be the same pipe, and the log does not wait for it.
                self._pause(_PAUSE_SECONDS)
            except OSError as exc:
                raise AuditUnavailable(f"standard output: {exc.strerror}") from exc

    def newest(self, since: datetime | None = None) -> Iterator[bytes]:
        raise AuditUnavailable("the audit trail goes to standard output, and is to be found where that is kept")

    def close(self) -> None:
        """Standard output is not its own."""
