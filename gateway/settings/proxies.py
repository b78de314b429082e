"""The environment's forward proxy counts only if the setting says so."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed omits it on some platforms

from gateway.settings.addresses import proxy
from gateway.settings.field import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator


def proxy_for(setting: str, url: str) -> str:
    """The proxy's URL, or empty. Raises ValueError."""
    if setting != "environment":
        return setting
    parts, given = urlsplit(url), getproxies_environment()
    found = given.get(parts.scheme) or given.get("all", "")
    if not found or proxy_bypass_environment(parts.netloc, given):
        return ""
    try:
        return proxy(found)
    except ValueError as exc:
        raise ValueError(f"the environment's proxy {exc}") from exc


def unusable_proxy(name: str, setting: str, url: str, *, beside: str) -> Iterator[Fault]:
    try:
        proxy_for(setting, url)
    except ValueError as exc:
        yield Fault(name, str(exc), beside=(beside,), value=setting)
