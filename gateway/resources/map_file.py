"""The file of a map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.resources.map_tables import CoreMapError

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES = 1_048_576


def read_map(path: Path) -> str:
    """Raises OSError, and CoreMapError for what cannot be a map."""
    with path.open("rb") as file:
        found = file.read(_MOST_BYTES + 1)
    if len(found) > _MOST_BYTES:
        raise CoreMapError(f"is longer than {_MOST_BYTES:,} bytes")
    # No text would be the shipped map.
    if not found.strip():
        raise CoreMapError("is empty")
    try:
        return found.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise CoreMapError(f"must be UTF-8; byte {exc.start + 1:,} is not") from exc
