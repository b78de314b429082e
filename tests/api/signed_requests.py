"""Requests that a caller signs with a secret of its own."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import time
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.auth.errors import InvalidCredentials, InvalidRequest
from gateway.auth.principal import Method, Principal
from gateway.auth.scopes import BULK_UPDATE
from legacy_client.watched_files import WatchedFiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gateway.auth.credentials import Credentials

_log = logging.getLogger(__name__)
_HEADER = "X-Signature"
_SECONDS = 60
_LEAST_SECRET = 32
_FORM = re.compile("([a-z]{1,64}):([0-9]{1,12}):([0-9a-f]{64})").fullmatch
SIGNED = Method(
    "signed_request",
    "a signed request",
    frozenset({BULK_UPDATE}),
    scheme="Signature",
    security={"type": "apiKey", "in": "header", "name": _HEADER, "description": "NAME:SECONDS:HMAC"},
)


@dataclass(frozen=True, slots=True)
class Signer:
    """What a caller signs with, and what it may."""

    secret: bytes = field(repr=False)
    partner_ids: frozenset[str]
    roles: frozenset[str]
    scopes: frozenset[str]


_NOBODY = Signer(bytes(_LEAST_SECRET), frozenset(), frozenset(), frozenset())


class SignedRequests:
    """``X-Signature: NAME:SECONDS:HMAC``, the HMAC over method, path, query and time."""

    method = SIGNED

    def __init__(self, file: Path, wall_clock: Callable[[], float] = time.time) -> None:
        """Raises OSError or ValueError."""
        self._wall_clock = wall_clock
        self._signers = WatchedFiles(
            [file],
            lambda: read_signers(file.read_bytes()),
            tell=lambda reason: _log.error("signers_file_unusable", extra={"reason": reason}),
        )

    def identify(self, credentials: Credentials) -> Principal | None:
        """Raises InvalidRequest or InvalidCredentials."""
        value = credentials.header(_HEADER)
        if value is None:
            return None
        if credentials.authorization is not None:
            raise InvalidRequest("a signature beside an Authorization")
        parts = _FORM(value)
        if parts is None:
            raise InvalidCredentials("not the form of a signature")
        name, seconds, signature = parts.groups()
        signer = self._signers.current().get(name, _NOBODY)
        expected = sign(signer.secret, credentials.method, credentials.path, credentials.query, seconds)
        # Compared for an unknown name too: the time must not tell which names there are.
        if not hmac.compare_digest(signature, expected) or signer is _NOBODY:
            raise InvalidCredentials("unknown name or wrong signature")
        if abs(self._wall_clock() - int(seconds)) > _SECONDS:
            raise InvalidCredentials("signed too long ago or too far ahead")
        return Principal(
            id=f"signed:{name}",
            method=SIGNED,
            scopes=signer.scopes,
            roles=signer.roles,
            partner_ids=signer.partner_ids,
        )


def sign(secret: bytes, method: str, path: str, query: str, seconds: str) -> str:
    """``query`` as it is sent; ``seconds`` of Unix time."""
    return hmac.new(secret, f"{method}\n{path}\n{query}\n{seconds}".encode(), hashlib.sha256).hexdigest()


def read_signers(content: bytes) -> dict[str, Signer]:
    """A table of TOML for each name. Raises ValueError that repeats nothing of ``content``."""
    try:
        return {name: _signer(**table) for name, table in tomllib.loads(content.decode()).items()}
    except (AttributeError, TypeError, ValueError):
        told = f"a table for each name, of secret ({_LEAST_SECRET} bytes or more), partner_ids, roles and scopes"
        raise ValueError(f"must hold {told}") from None


def _signer(*, secret: str, partner_ids: list[str], roles: list[str], scopes: list[str]) -> Signer:
    key = secret.encode()
    if len(key) < _LEAST_SECRET:
        raise ValueError
    return Signer(key, _words(partner_ids), _words(roles), _words(scopes))


def _words(given: object) -> frozenset[str]:
    if not isinstance(given, list) or not all(isinstance(word, str) for word in given):
        raise ValueError
    return frozenset(given)
