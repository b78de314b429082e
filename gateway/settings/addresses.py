"""The parsers raise ValueError with what is allowed.

The text repeats nothing of the value, which may hold a password.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection

_LARGEST_PORT = 65_535
_HOST = r"\[[0-9A-Fa-f:.]+\]|[^\s\[\]:/@]+"
_is_host = re.compile(_HOST).fullmatch
_is_sentinel_scheme = re.compile(r"rediss?\+sentinel:").match
_is_sentinel_url = re.compile(r"rediss?\+sentinel://[^/?#]+/[^/?#]+(/[0-9]*)?(\?[^#]*)?").fullmatch
_host_and_port = re.compile(rf"(?:{_HOST})?:([0-9]{{1,5}})").fullmatch


def url(text: str) -> str:
    """Absolute http(s), without its trailing slash."""
    parts = _split(text, {"http", "https"}, "an http:// or https:// URL")
    if not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an http:// or https:// URL without query or fragment")
    if "@" in parts.netloc:
        raise ValueError("must be a URL without user and password")
    return text.rstrip("/")


def proxy(text: str) -> str:
    """``environment``, or an http URL."""
    if text.lower() == "environment":
        return "environment"
    parts = _split(text, {"http"}, "environment or an http:// URL")
    if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("must be environment, or http://HOST:PORT without user, path and query")
    return text.rstrip("/")


def redis_url(text: str) -> str:
    """``redis://`` or ``rediss://`` with a host and optionally a database, or ``unix://`` with a path.

    ``+sentinel`` takes Sentinels, separated by commas, and the master's name before the database.
    """
    if _is_sentinel_scheme(text):
        return _sentinel_url(text)
    allowed = (
        "redis://HOST:PORT/DB, rediss://HOST:PORT/DB, redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/DB or unix:///PATH"
    )
    parts = _split(text, {"redis", "rediss", "unix"}, allowed)
    path = parts.path.removeprefix("/")
    is_whole = (
        bool(path)
        if parts.scheme == "unix"
        else bool(parts.hostname) and (not path or (path.isascii() and path.isdecimal()))
    )
    if not is_whole or parts.fragment:
        raise ValueError(f"must be {allowed}")
    return text


def _sentinel_url(text: str) -> str:
    allowed = "redis+sentinel://HOST:PORT,HOST:PORT/SERVICE or rediss+sentinel://…, with or without a /DB at the end"
    if not text.isprintable() or " " in text or not _is_sentinel_url(text):
        raise ValueError(f"must be {allowed}")
    hosts = text.split("://", 1)[1].partition("/")[0].rpartition("@")[2].split(",")
    if not all(_is_host(host) or port_of(host) for host in hosts):
        raise ValueError(f"must be {allowed}, each with a host and a port from 1 to {_LARGEST_PORT}")
    return text


def bind_address(text: str) -> str:
    """``HOST:PORT``, ``unix:PATH`` or ``fd://NUMBER``."""
    if text.startswith("unix:"):
        path = Path(text.removeprefix("unix:").removeprefix("//"))
        if not _may_be_a_socket(path):
            raise ValueError("must be a path in a folder that exists, after unix:, and nothing there but a socket")
        return text
    if not re.fullmatch(r"fd://[0-9]+", text) and port_of(text) is None:
        raise ValueError(f"must be HOST:PORT with a port up to {_LARGEST_PORT}, unix:PATH or fd://NUMBER")
    return text


def _may_be_a_socket(path: Path) -> bool:
    try:
        return bool(path.name) and path.parent.is_dir() and (path.is_socket() or not path.exists())
    except OSError:
        return False


def bind_host(text: str) -> str:
    if not _is_host(text):
        raise ValueError("must be a host name or an address without a port, IPv6 in brackets")
    return text


def port_of(address: str) -> int | None:
    """None for another kind of address."""
    match = _host_and_port(address)
    return int(match[1]) if match and int(match[1]) <= _LARGEST_PORT else None


def _split(text: str, schemes: Collection[str], allowed: str) -> SplitResult:
    # The library would silently drop some of these.
    if not text.isprintable() or " " in text:
        raise ValueError(f"must be {allowed} without blanks")
    try:
        parts = urlsplit(text)
        is_known = parts.scheme in schemes and parts.port != 0
    except ValueError:
        # Of the port or a bracketed address. The library's texts repeat the value.
        raise ValueError(f"must be {allowed} with a host and a port from 1 to {_LARGEST_PORT}") from None
    if not is_known:
        raise ValueError(f"must be {allowed}")
    return parts
