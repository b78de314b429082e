"""No line is written, and no file is made."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from gateway.check.finding import Finding
from gateway.settings.files import unwritable
from gateway.wiring.audit import audit_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.settings import Settings


def audit_found(settings: Settings) -> Iterator[Finding]:
    audit, path = settings.audit, audit_path(settings)
    if audit.audit == "off":
        return
    if path is None:
        where = "standard output, among the lines of the log" if audit.audit_to == "stdout" else "Redis, as the records"
        yield Finding("audit", "ok", f"{audit.audit}, to {where}")
    elif reason := _unwritable(path):
        yield Finding("audit", "WRONG", f"{path} cannot be written to ({reason}): lines of the trail would be lost")
    else:
        there = "" if path.exists() else ", which is not there yet; the service makes it"
        yield Finding("audit", "ok", f"{audit.audit}, to {path}{there}")
        yield from _open_to_others(path)


def _unwritable(path: Path) -> str:
    """Why, or empty. The folder counts too: files are rotated in it, and have a lock beside them."""
    if reason := unwritable(path.parent):
        return reason
    if not path.exists():
        return ""
    if not path.is_file():
        return "it is no file"
    return "" if os.access(path, os.W_OK) else os.strerror(errno.EACCES)


def _open_to_others(path: Path) -> Iterator[Finding]:
    if path.exists() and path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        mode = stat.filemode(path.stat().st_mode)
        yield Finding("audit", "note", f"{path} is open to every user of this machine ({mode}): it names callers")
