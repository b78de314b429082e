from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gateway.check.files import changeable
from gateway.check.finding import Finding
from gateway.wiring.core import CoreLink
from gateway.wiring.reachability import told_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.settings import Settings

_WORDS = {
    "forward": "the caller's token",
    "client_credentials": "a token of Keycloak's",
    "static": "the header of a file",
    "none": "no credentials",
}


def map_found(settings: Settings) -> Iterator[Finding]:
    """Of a map that the settings found to be one."""
    if not settings.core.core_map:
        return
    path = Path(settings.core.core_map)
    yield Finding("core", "ok", f"{path}: a map of the core, which python -m gateway.core map shows at work")
    yield from changeable(path, "core_map", "what is sent to the core")


def core_found(settings: Settings) -> Finding:
    """A connection is made, and no request is sent over it: there is none that changes nothing."""
    core = settings.core
    link = CoreLink(core, settings.budgets, _no_token)
    try:
        problem = link.client.ping()
    finally:
        link.transport.close()
    if problem:
        return Finding("core", "WRONG", f"{core.core_url}: {told_kind(problem)}: {problem.reason}")
    return Finding("core", "ok", f"{core.core_url}: can be connected to; calls will carry {_WORDS[core.core_auth]}")


def _no_token() -> tuple[str, float]:
    """No call needs one."""
    return "", 0.0
