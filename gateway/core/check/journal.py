"""All calls of a run, one JSON object a line, each written before its call leaves."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import FileIO
    from pathlib import Path


class JournalFull(Exception):
    """The text says why. No OSError, which would be taken for that of a connection."""


class Journal:
    """For its owner's eyes: it holds the field's own value, so that it can be put back by hand.

    Raises OSError for a file that is there, or cannot be made.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self.path = path
        self._clock = clock
        self._is_full = False
        self._file: FileIO = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0)

    def note(self, event: str, **what: Any) -> None:
        """Raises JournalFull once, where nothing more can be written: the run ends, and the value is put back."""
        if self._is_full:
            return
        line = {"at": round(self._clock(), 3), "event": event, **what}
        try:
            left = orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
            while left:
                left = left[self._file.write(left) :]
        except OSError as exc:
            self._is_full = True
            raise JournalFull(f"{self.path}: {exc.strerror}") from exc

    def close(self) -> None:
        self._file.close()


class NoJournal:
    """Of a run that changes nothing."""

    def note(self, event: str, **what: Any) -> None:
        pass

    def close(self) -> None:
        pass
