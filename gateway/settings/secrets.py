"""A secret's file is read again at use, so a new one needs no restart."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

_log = logging.getLogger(__name__)


class FileText(str):
    """A secret as it was at the start."""

    __slots__ = ("_last", "_path")
    _path: Path
    _last: str

    def __new__(cls, text: str, path: str) -> Self:
        made = super().__new__(cls, text)
        made._path = Path(path)
        made._last = text
        return made

    @property
    def path(self) -> Path:
        return self._path

    def now(self) -> str:
        """The last good secret while the file is empty or unreadable."""
        try:
            self._last = self._path.read_text(encoding="utf-8").strip() or self._last
        except (OSError, UnicodeDecodeError) as exc:
            _log.warning("secret_file_unreadable", extra={"file": self._path.name, "reason": type(exc).__name__})
        return self._last


def secret_now(secret: str) -> str:
    """Read again if it came from a file."""
    return secret.now() if isinstance(secret, FileText) else secret
