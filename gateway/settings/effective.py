"""What the service runs with, as its start and ``python -m gateway.check`` tell it: no secret, no password."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any

from gateway import VERSION
from gateway.compiled import compiled
from gateway.settings import GROUPS, unknown_variables, variable
from gateway.settings.proxies import proxy_for
from gateway.settings.reading import masked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gateway.settings import Settings

_MASK = "…"
_OF_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")


def in_force(settings: Settings) -> dict[str, object]:
    """The fields of a start's log line."""
    return {
        "version": VERSION,
        "compiled": bool(compiled()),
        "proxies": proxies(settings),
        "settings": effective(settings),
    }


def unknown_in(environ: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The fields of a log line for each variable that means nothing here."""
    for name, nearest in unknown_variables(environ):
        extra = {"reason": "only secrets take _FILE"} if name == f"{nearest}_FILE" else {}
        yield {"variable": name, "nearest": nearest, **extra}


def effective(settings: Settings) -> dict[str, str]:
    """Variable → value, written as one sets it. Of a secret only whether there is one."""
    groups = (getattr(settings, name) for name in GROUPS)
    return {
        variable(field.name): _told(field, getattr(group, field.name))
        for group in groups
        for field in dataclasses.fields(group)
    }


def proxies(settings: Settings) -> dict[str, str]:
    """To whom a forward proxy leads; ``ignored`` names the environment's variables that count for neither."""
    core, access = settings.core, settings.access
    chosen = {
        "core": proxy_for(core.core_proxy, core.core_url),
        "keycloak": proxy_for(access.keycloak_proxy, access.keycloak_url),
    }
    asked = "environment" in (core.core_proxy, access.keycloak_proxy)
    ignored = "" if asked else ",".join(_in_the_environment(os.environ))
    return {name: found or "none" for name, found in chosen.items()} | ({"ignored": ignored} if ignored else {})


def _in_the_environment(environ: Mapping[str, str]) -> Iterator[str]:
    for name in _OF_PROXIES:
        yield from (spelled for spelled in (name, name.lower()) if environ.get(spelled))


def _told(field: dataclasses.Field[Any], value: Any) -> str:
    if field.metadata["secret"]:
        return _MASK if value else ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(masked, value))
    return f"{value:g}" if isinstance(value, float) else masked(str(value))
