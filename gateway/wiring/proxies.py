"""Which forward proxy a setting means. The environment's counts only if the setting says so."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed omits it on some platforms

from gateway.settings import SettingsError, variable
from gateway.settings.addresses import proxy


def proxy_for(name: str, setting: str, url: str) -> str:
    """The proxy's URL for calls to ``url``, or empty. Raises SettingsError about ``name``."""
    if setting != "environment":
        return setting
    parts, given = urlsplit(url), getproxies_environment()
    found = given.get(parts.scheme) or given.get("all", "")
    if not found or proxy_bypass_environment(parts.netloc, given):
        return ""
    try:
        return proxy(found)
    except ValueError as exc:
        raise SettingsError(f"{variable(name)}: the environment's proxy {exc}") from exc
