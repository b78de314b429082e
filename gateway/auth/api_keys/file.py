"""API keys from a read-only file, ``{"keys": [ … ]}``. A bad new version changes nothing.

``python -m gateway.keys export`` prints one.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from gateway.auth.api_keys.record import ApiKey, from_entry
from gateway.auth.errors import SourceFailed

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

_log = logging.getLogger(__name__)
# Some fifty thousand keys; a device would never end.
_MOST_BYTES = 16_777_216


class FileKeys:
    """Read again when it changes. Raises SourceFailed if unreadable at start."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version = self._version_now()
        self._keys = self._understood(self._read())
        self._problem = ""

    def get(self, key_id: str) -> ApiKey | None:
        self._read_anew()
        return self._keys.get(key_id)

    def problem(self) -> str:
        """Why the file as it is now is not in force, or empty."""
        self._read_anew()
        return self._problem

    def version(self) -> Hashable:
        """Changes with each readable change of the file."""
        self._read_anew()
        return self._version

    def touch(self, key_id: str, at: float) -> None: ...

    def _read_anew(self) -> None:
        """If it has changed. A new reason why it cannot be is logged."""
        before = self._problem
        try:
            self._refresh()
        except SourceFailed as exc:
            self._problem = exc.reason
        if self._problem and self._problem != before:
            _log.error("api_keys_file_unusable", extra={"reason": self._problem})
        if before and not self._problem:
            _log.warning("api_keys_file_usable")

    def _refresh(self) -> None:
        version = self._version_now()
        if version == self._version:
            return
        content = self._read()
        # What cannot be read now may be read later as it is. What cannot be understood waits for another version.
        self._version = version
        self._keys = self._understood(content)
        self._problem = ""

    def _version_now(self) -> tuple[int, int, int]:
        try:
            status = self._path.stat()
        except OSError as exc:
            # A file that comes back is read again, even unchanged.
            self._version = (0, 0, 0)
            raise SourceFailed(f"{self._path}: {exc.strerror}") from exc
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _read(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                content = file.read(_MOST_BYTES + 1)
        except OSError as exc:
            raise SourceFailed(f"{self._path}: {exc.strerror}") from exc
        if len(content) > _MOST_BYTES:
            raise SourceFailed(f"{self._path}: it is larger than {_MOST_BYTES:,} bytes")
        return content

    def _understood(self, content: bytes) -> dict[str, ApiKey]:
        try:
            records = _records(json.loads(content))
        except (ValueError, RecursionError) as exc:
            raise SourceFailed(f"{self._path}: {exc}") from exc
        keys: dict[str, ApiKey] = {}
        for number, record in enumerate(records, 1):
            # The copy of a key that was revoked would make it good again.
            if keys.setdefault(record.id, record) is not record:
                raise SourceFailed(f"{self._path}: key {number}: the id {record.id} came before")
        return keys


def _records(document: Any) -> list[ApiKey]:
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError('the file must be {"keys": […]}')
    return [_record(number, entry) for number, entry in enumerate(entries, 1)]


def _record(number: int, entry: Any) -> ApiKey:
    try:
        return from_entry(entry)
    except ValueError as exc:
        raise ValueError(f"key {number}: {exc}") from exc
