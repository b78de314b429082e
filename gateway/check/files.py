"""Rights of what the service reads and writes. That files can be read, and hold what they should, the settings say."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.auth.api_keys.store_user import name_of
from gateway.check.finding import Finding
from gateway.settings import GROUPS, variable
from gateway.settings.secrets import FileText

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.settings import Settings

_PRIVATE = ("core_auth_file", "core_key_file", "api_keys_file")
_BY_OTHERS = stat.S_IROTH | stat.S_IWOTH


def files_found(settings: Settings) -> Iterator[Finding]:
    user, folder = name_of(os.geteuid()), settings.stores.state_dir
    if os.geteuid() == 0:
        yield Finding("files", "note", "this runs as root, who may read anything: run it as the service's user")
    there = folder if folder.is_dir() else None
    if there is None:
        yield Finding("files", "ok", f"{folder}: not there yet; the service makes it, for {user} alone")
    elif there.stat().st_mode & _BY_OTHERS:
        mode = stat.filemode(there.stat().st_mode)
        yield Finding("files", "note", f"{folder} is open to others ({mode}): it holds answers, that is business data")
    else:
        yield Finding("files", "ok", f"{folder}: {user} can write there, and no stranger can look in")
    for name, path in _private_files(settings):
        if path.stat().st_mode & _BY_OTHERS:
            mode = stat.filemode(path.stat().st_mode)
            yield Finding("files", "note", f"{path} of {name} is open to every user of this machine ({mode})")


def changeable(path: Path, name: str, what: str) -> Iterator[Finding]:
    """A note where every user may change the file of the setting ``name``, which says ``what``."""
    if path.stat().st_mode & stat.S_IWOTH:
        mode = stat.filemode(path.stat().st_mode)
        told = f"{path} of {variable(name)} can be changed by every user of this machine ({mode}): it says {what}"
        yield Finding("files", "note", told)


def _private_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    for group in (getattr(settings, name) for name in GROUPS):
        for name, value in vars(group).items():
            if isinstance(value, FileText):
                yield f"{variable(name)}_FILE", value.path
            elif name in _PRIVATE and value:
                yield variable(name), Path(value)
