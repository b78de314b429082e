from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from gateway.check.finding import Finding
from gateway.settings import GROUPS, unknown_variables
from gateway.settings.effective import proxies
from gateway.settings.field import Fault, variable
from gateway.settings.files import unwritable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gateway.settings import Settings


def unwritable_folder(settings: Settings) -> Iterator[Fault]:
    """Beside what the settings say of each other."""
    folder = settings.stores.state_dir
    if reason := unwritable(folder):
        yield Fault("state_dir", f"cannot be written to ({reason})", value=str(folder))


def settings_found(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Of settings that were read without a fault."""
    names = [variable(field.name) for group in GROUPS.values() for field in fields(group)]
    given = sum(bool(environ.get(name) or environ.get(f"{name}_FILE")) for name in names)
    yield Finding("settings", "ok", f"{given} given, {len(names) - given} left at their defaults")
    for name, nearest in unknown_variables(environ):
        meant = f"; was {nearest} meant?" if nearest else ""
        yield Finding("settings", "note", f"{name} means nothing here{meant}")
    access = settings.access
    if not access.required_role and not access.required_scope:
        asked = f"{variable('required_role')} and {variable('required_scope')} are not set"
        yield Finding("settings", "note", f"{asked}: every token for {access.keycloak_audience} may send updates")
    yield from _proxies_found(settings)


def _proxies_found(settings: Settings) -> Iterator[Finding]:
    ways = proxies(settings)
    ignored = ways.pop("ignored", "")
    for name, way in ways.items():
        yield Finding("proxies", "ok", f"{name}: {'none' if way == 'none' else f'through {way}'}")
    if ignored:
        ask = f"{variable('core_proxy')} or {variable('keycloak_proxy')} says environment"
        yield Finding("proxies", "note", f"{ignored} of the environment counts only where {ask}")
