"""Whose the store of API keys is. Only its owner can read it, so the command must run as the user of the service."""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_ROOT = 0


def store_user(path: Path) -> int:
    """The user id that owns the store in ``path``, or would own it if it were made now."""
    return path.stat().st_uid if path.exists() else os.geteuid()


def user_mismatch(path: Path) -> str:
    """Why the service could not read the store in ``path``, as one line; empty where it can, or nothing tells."""
    store, service = store_user(path), _service_user(path)
    if service is None or store == service:
        return ""
    verb = "belongs" if path.exists() else "would belong"
    return (
        f"{path} {verb} to the user {name_of(store)}, and the service, which runs as {name_of(service)}, "
        f"could not read it: run this as {name_of(service)}"
    )


def name_of(user: int) -> str:
    """The user's name, or the number where there is none."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _service_user(path: Path) -> int | None:
    """The user id as which the service seems to run; None where the folder of ``path`` does not tell.

    What the service has left in the folder tells. A folder of root's may be a volume that others write to.
    """
    folder = path.parent
    if not folder.is_dir():
        return None
    for other in sorted(folder.iterdir()):
        if not other.name.startswith(path.name):
            return other.stat().st_uid
    owner = folder.stat().st_uid
    return None if owner == _ROOT else owner
