from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.resources.map_file import read_map
from gateway.resources.map_tables import CoreMapError
from gateway.settings import SettingsError, variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.settings.core import CoreSettings


@contextmanager
def map_of(settings: CoreSettings) -> Iterator[str]:
    """The text of the map, empty for the shipped one. Around its reading: what is wrong with it is a SettingsError."""
    path = settings.core_map
    try:
        yield read_map(Path(path)) if path else ""
    except (CoreMapError, OSError) as exc:
        raise SettingsError(f"{variable('core_map')}: {path}: {exc}") from exc
