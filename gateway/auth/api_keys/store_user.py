"""The command must run as the service's user, since only the owner can read the store."""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_ROOT = 0


def store_user(path: Path) -> int:
    """The user id of the present or a new store's owner."""
    return path.stat().st_uid if path.exists() else os.geteuid()


def user_mismatch(path: Path) -> str:
    """Why the service could not read the store, as one line. Empty where it can, or this is unknown."""
    store, service = store_user(path), _service_user(path)
    if service is None or store == service:
        return ""
    verb = "belongs" if path.exists() else "would belong"
    return (
        f"{path} {verb} to the user {name_of(store)}, and the service, which runs as {name_of(service)}, "
        f"could not read it: run this as {name_of(service)}"
    )


def name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _service_user(path: Path) -> int | None:
    """None unless the folder shows it."""
    folder = path.parent
    if not folder.is_dir():
        return None
    # The service's other files show its user. A folder of root may be a volume that others write to.
    for other in sorted(folder.iterdir()):
        if not other.name.startswith(path.name):
            return other.stat().st_uid
    owner = folder.stat().st_uid
    return None if owner == _ROOT else owner
