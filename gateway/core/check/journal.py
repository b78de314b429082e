"""All calls of a run, one JSON object a line, each written before its call leaves."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TextIO

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Journal:
    """For its owner's eyes: it holds the field's own value, so that it can be put back by hand.

    Raises OSError for a file that is there, or cannot be made.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self.path = path
        self._clock = clock
        self._file: TextIO = os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        )

    def note(self, event: str, **what: Any) -> None:
        line = {"at": round(self._clock(), 3), "event": event, **what}
        self._file.write(f"{orjson.dumps(line).decode()}\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class NoJournal:
    """Of a run that changes nothing."""

    def note(self, event: str, **what: Any) -> None:
        pass

    def close(self) -> None:
        pass
