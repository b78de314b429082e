"""A hook of MkDocs: a nav section that is a pattern becomes the pages that match it and stand nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def on_config(config: Any) -> None:
    """Fill the patterns in, in the order of the files' names."""
    folder = Path(config.docs_dir)
    named = set(_pages(config.nav))
    config.nav = [_filled(entry, folder, named) for entry in config.nav]


def _pages(entries: list[Any]) -> list[str]:
    values = (value for entry in entries for value in (entry.values() if isinstance(entry, dict) else (entry,)))
    return [page for value in values for page in (_pages(value) if isinstance(value, list) else [value])]


def _filled(entry: dict[str, Any], folder: Path, named: set[str]) -> dict[str, Any]:
    [(title, value)] = entry.items()
    if isinstance(value, list) or "*" not in value:
        return entry
    found = sorted(path.relative_to(folder).as_posix() for path in folder.glob(value))
    return {title: [page for page in found if page not in named]}
