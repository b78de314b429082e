from __future__ import annotations

import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

Made = TypeVar("Made")


class WatchedFiles(Generic[Made]):
    """``make`` is called at once, and again when one of ``paths`` changed. Looks at most every ``check_seconds``.

    Errors at the start go to the caller. A later OSError or ValueError keeps the old value; ``tell`` gets each new
    reason.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        make: Callable[[], Made],
        *,
        tell: Callable[[str], None],
        check_seconds: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._paths = paths
        self._make = make
        self._tell = tell
        self._check_seconds = check_seconds
        self._clock = clock
        self._checked_at = clock()
        self._told = ""
        self._stamps = self._stamps_now()
        self._made = make()

    def current(self) -> Made:
        if self._clock() - self._checked_at >= self._check_seconds:
            self.look()
        return self._made

    def look(self) -> None:
        self._checked_at = self._clock()
        try:
            stamps = self._stamps_now()
            if stamps != self._stamps:
                self._made = self._make()
                self._stamps, self._told = stamps, ""
        except (OSError, ValueError) as exc:
            self._keep(_reason(exc))

    def _keep(self, reason: str) -> None:
        if reason != self._told:
            self._told = reason
            self._tell(reason)

    def _stamps_now(self) -> list[tuple[int, int, int]]:
        statuses = [path.stat() for path in self._paths]
        return [(status.st_mtime_ns, status.st_ino, status.st_size) for status in statuses]


def _reason(error: OSError | ValueError) -> str:
    # The text of a TLS error names no content.
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
