"""What ``actions login`` keeps: a file that only its owner can read, and where chosen a keyring for the secrets."""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import tempfile
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Protocol

from cli.errors import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SECRETS = ("client_secret", "refresh_token")
_SERVICE = "actions"
DEFAULT = "default"


def profile_said_again(name: str) -> list[str]:
    """The option that names a profile, as it is typed; none for the one that is taken without it."""
    return [f"--profile={quote(name)}"] if name != DEFAULT else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """``url`` is the gateway's, ``issuer`` the realm's. With ``keyring`` the file has no secrets."""

    url: str
    issuer: str
    client_id: str
    client_secret: str = ""
    refresh_token: str = ""
    plain_http: bool = False
    keyring: bool = False


class Keyring(Protocol):
    """The part of the library ``keyring`` that is used."""

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


class Profiles:
    """``open_keyring`` is called only for a profile that has its secrets there."""

    def __init__(self, folder: Path, open_keyring: Callable[[], Keyring]) -> None:
        self._folder = folder / "profiles"
        self._open_keyring = open_keyring

    def load(self, name: str) -> Profile | None:
        """None where there is none. Raises Usage for a file that others can read, or that is none of ours."""
        path = self._path(name)
        try:
            with path.open(encoding="utf-8") as file:
                _demand_private(path, os.fstat(file.fileno()))
                profile = Profile(**json.load(file))
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise Usage(f"{path}: {exc.strerror}") from exc
        except (ValueError, TypeError) as exc:
            login = " ".join(["actions login", *profile_said_again(name)])
            raise Usage(f"{path} is no profile; {login} makes a new one") from exc
        return self._with_secrets(name, profile) if profile.keyring else profile

    def save(self, name: str, profile: Profile) -> Path:
        """Raises Usage."""
        path = self._path(name)
        if profile.keyring:
            ring = self._open_keyring()
            for secret in _SECRETS:
                _ask(partial(ring.set_password, _SERVICE, f"{name}:{secret}", getattr(profile, secret)))
            profile = replace(profile, client_secret="", refresh_token="")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # A new file is 0600 from its first moment on.
            handle, new = tempfile.mkstemp(dir=path.parent, prefix=f".{name}-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(asdict(profile), file, indent=2)
            Path(new).replace(path)
        except OSError as exc:
            raise Usage(f"{path}: {exc.strerror}; ACTIONS_CONFIG_DIR names another folder") from exc
        return path

    def remove(self, name: str) -> None:
        """One that cannot be read too. Raises Usage."""
        try:
            profile = self.load(name)
        except Usage:
            profile = None
        if profile is not None and profile.keyring:
            ring = self._open_keyring()
            for secret in _SECRETS:
                with contextlib.suppress(Exception):  # it may never have been there
                    ring.delete_password(_SERVICE, f"{name}:{secret}")
        self._path(name).unlink(missing_ok=True)

    def _with_secrets(self, name: str, profile: Profile) -> Profile:
        ring = self._open_keyring()
        secret, token = (_ask(partial(ring.get_password, _SERVICE, f"{name}:{one}")) or "" for one in _SECRETS)
        return replace(profile, client_secret=secret, refresh_token=token)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise Usage(f"a profile's name has letters, digits and ._- only; it is {name!r}")
        return self._folder / f"{name}.json"


def system_keyring() -> Keyring:
    """Raises Usage where the library is not installed."""
    try:
        import keyring  # an extra. Only here: it looks for a desktop, and may wait for one
    except ImportError as exc:
        raise Usage(
            "this profile keeps its secrets in a keyring, and the extra is not installed: pipx inject bulk-update-actions keyring"
        ) from exc
    ring: Keyring = keyring
    return ring


def _ask(question: Callable[[], str | None]) -> str | None:
    try:
        return question()
    except Exception as exc:  # the backends raise what they like
        raise Usage(f"the keyring refused: {exc}") from exc


def _demand_private(path: Path, found: os.stat_result) -> None:
    if os.name == "posix" and stat.S_IMODE(found.st_mode) & 0o077:
        raise Usage(f"{path} can be read by others; it holds secrets: chmod 600 {path}, or log in again")
