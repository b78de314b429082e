"""What this process has open (proc(5), /proc/pid/fd)."""

from __future__ import annotations

import contextlib
from pathlib import Path


def open_files(folder: Path) -> set[str]:
    """Names of the files of ``folder`` that are open."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # One that is closed meanwhile.
            path = descriptor.readlink()
            if path.parent == folder:
                found.add(path.name)
    return found
