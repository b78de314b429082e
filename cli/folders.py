"""Where profiles and journals are kept, also where there is no home."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import PlatformDirs

from cli.errors import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

STATE, CONFIG = "ACTIONS_STATE_DIR", "ACTIONS_CONFIG_DIR"


def config_folder(environ: Mapping[str, str]) -> Path:
    """Not made here."""
    return Path(environ.get(CONFIG) or _usual().user_config_dir)


def state_folder(environ: Mapping[str, str]) -> Path:
    """Made where it is not there. Raises Usage where it cannot be."""
    chosen = environ.get(STATE)
    if chosen:
        return _made(Path(chosen))
    usual = Path(_usual().user_state_dir)
    # Without a home, as in a container, "~" stays what it is.
    if usual.is_absolute():
        try:
            return _made(usual)
        except Usage:
            pass
    return _made(Path(tempfile.gettempdir()) / f"actions-{os.getuid() if hasattr(os, 'getuid') else 'user'}")


def _usual() -> PlatformDirs:
    return PlatformDirs("actions", appauthor=False)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as exc:
        raise Usage(f"{folder}: {exc.strerror}; {STATE} names another folder for journals") from exc
    if hasattr(os, "getuid") and found.st_uid != os.getuid() and os.getuid():
        raise Usage(f"{folder} belongs to somebody else; {STATE} names another folder for journals")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Usage(f"{folder} cannot be written to; {STATE} names another folder for journals")
    return folder
