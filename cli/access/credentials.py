"""Who asks: a token that is given, or one that is got and renewed before it ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from cli.errors import Usage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.access.keycloak import Provider, Tokens

_EARLY_SECONDS = 30.0


class Credentials(Protocol):
    def token(self) -> str:
        """One that is valid now, as far as is known. Raises Refused or Usage."""
        ...

    def renew(self) -> bool:
        """After a refusal: get another. False where there is none. Raises Refused."""
        ...


class Token:
    """A fixed access token."""

    def __init__(self, token: str) -> None:
        self._token = _one_line(token, "the token")

    def token(self) -> str:
        return self._token

    def renew(self) -> bool:
        return False


class TokenFile:
    """A file that another program keeps fresh. It is read again when its token is refused."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._token = ""

    def token(self) -> str:
        self._token = self._token or self._read()
        return self._token

    def renew(self) -> bool:
        before, self._token = self._token, self._read()
        return self._token != before

    def _read(self) -> str:
        try:
            return _one_line(self._path.read_text(encoding="ascii").strip(), str(self._path))
        except OSError as exc:
            raise Usage(f"{self._path}: {exc.strerror}") from exc
        except UnicodeDecodeError as exc:
            raise Usage(f"{self._path} holds no token") from exc


class Renewing:
    """Tokens from ``fetch``, which are renewed before they end. ``clock`` is in seconds."""

    def __init__(self, fetch: Callable[[], Tokens], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._token = ""
        self._until = 0.0

    def token(self) -> str:
        if not self._token or self._clock() >= self._until:
            self.renew()
        return self._token

    def renew(self) -> bool:
        tokens = self._fetch()
        self._token = _one_line(tokens.access, "the token")
        # One that lives shorter than the margin is used for half of its life.
        self._until = self._clock() + max(tokens.seconds - _EARLY_SECONDS, tokens.seconds / 2)
        return True


def client_credentials(provider: Provider) -> Renewing:
    """For a program: a client with a secret."""
    return Renewing(provider.client_credentials)


class RefreshToken:
    """For a person who logged in. ``keep`` saves each new refresh token, since the old one may be used once only."""

    def __init__(self, provider: Provider, token: str, keep: Callable[[str], None]) -> None:
        self._provider = provider
        self._token = token
        self._keep = keep

    def __call__(self) -> Tokens:
        tokens = self._provider.refresh(self._token)
        if tokens.refresh and tokens.refresh != self._token:
            self._token = tokens.refresh
            self._keep(tokens.refresh)
        return tokens


def _one_line(token: str, name: str) -> str:
    if not token or not token.isascii() or any(character.isspace() for character in token):
        raise Usage(f"{name} is empty or has something in it that a token cannot have")
    return token
