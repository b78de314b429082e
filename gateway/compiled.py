"""Which modules run compiled, from the same source (``deploy/compiled.py``). Without any, all is plain Python."""

from __future__ import annotations

import hashlib
import json
import os
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

RECORD = "compiled.json"
"""In the folder of the packages: module → digest of the source that was compiled."""
_PACKAGES = ("gateway", "legacy_client", "schemas")
_FOLDER = Path(__file__).parents[1]


def compiled(folder: Path = _FOLDER) -> Sequence[str]:
    """Modules that this Python loads as machine code."""
    return sorted({name for path in _libraries(folder) for name in _modules(path.relative_to(folder))})


def _libraries(folder: Path) -> Iterator[Path]:
    endings = tuple(EXTENSION_SUFFIXES)
    for package in _PACKAGES:
        for place, _, names in os.walk(folder / package):
            yield from (Path(place, name) for name in names if name.endswith(endings))


def _modules(path: Path) -> Iterator[str]:
    for suffix in EXTENSION_SUFFIXES:
        # Of another Python's library more than the name is left.
        if path.name.endswith(suffix) and "." not in (name := path.name.removesuffix(suffix)):
            yield ".".join((*path.parent.parts, name))


def refusal(folder: Path = _FOLDER) -> str:
    """Why what is compiled must not run; empty where it may."""
    recorded = record_in(folder)
    outdated = [name for name in compiled(folder) if recorded.get(name) != digest(folder, name)]
    if not outdated:
        return ""
    return (
        f"compiled from another source: {', '.join(outdated)}; compile again (make compiled), or run from a folder "
        "without compiled modules"
    )


def record_in(folder: Path) -> Mapping[str, str]:
    """Empty where there is none, or none that can be read."""
    try:
        record = json.loads((folder / RECORD).read_bytes())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def digest(folder: Path, name: str) -> str:
    """Of a module's source; empty where there is none."""
    try:
        return hashlib.sha256(folder.joinpath(*name.split(".")).with_suffix(".py").read_bytes()).hexdigest()
    except OSError:
        return ""
