"""Every setting, read once from ``GATEWAY_*`` and checked at start.

Source: ``contract.md`` section 4. ``docs/reference/settings.md`` is generated from Settings.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.settings.access import AccessSettings
from gateway.settings.audit import AuditSettings
from gateway.settings.budgets import BudgetSettings
from gateway.settings.core import CoreSettings
from gateway.settings.field import PREFIX, Fault, variable
from gateway.settings.jobs import JobSettings
from gateway.settings.reading import read, shown
from gateway.settings.service import ServiceSettings
from gateway.settings.stores import StoreSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = [
    "GROUPS",
    "Settings",
    "SettingsError",
    "all_settings",
    "load",
    "load_kept",
    "unknown_lines",
    "unknown_variables",
    "variable",
]

GROUPS: Mapping[str, type[Any]] = {
    "core": CoreSettings,
    "budgets": BudgetSettings,
    "access": AccessSettings,
    "stores": StoreSettings,
    "service": ServiceSettings,
    "jobs": JobSettings,
    "audit": AuditSettings,
}
"""The fields of Settings, in the order of the reference."""
# What is kept, and how it is shown.
_OF_STORES = frozenset(
    setting.name for kind in (StoreSettings, JobSettings, AuditSettings) for setting in dataclasses.fields(kind)
) | {"core_map", "core_honours_idempotency", "batch_concurrency", "languages", "max_batch_items"}
# A name less similar than this is no misspelling.
_LEAST_LIKENESS = 0.8


class SettingsError(ValueError):
    """Each line names the variable that is missing or wrong."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines

    def report(self) -> str:
        return "\n".join(f"gateway: {line}" for line in self.lines)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Each collaborator gets its group, or values of it."""

    core: CoreSettings
    budgets: BudgetSettings
    access: AccessSettings
    stores: StoreSettings
    service: ServiceSettings
    jobs: JobSettings
    audit: AuditSettings

    def faults(self) -> Iterator[Fault]:
        for name in GROUPS:
            yield from getattr(self, name).faults()


def load(
    environ: Mapping[str, str] | None = None, also: Callable[[Settings], Iterator[Fault]] = lambda _settings: iter(())
) -> Settings:
    """Settings from the environment, or a secret's from the file named by ``GATEWAY_*_FILE``.

    Files that settings name are checked. ``also`` finds more faults. Raises SettingsError with a line per bad setting
    and per likely slip in a name.
    """
    environ = os.environ if environ is None else environ
    given, lines = read(all_settings(), environ)
    settings = Settings(**{name: _group(kind, given) for name, kind in GROUPS.items()})
    for fault in (*settings.faults(), *_cut_short(settings, given), *also(settings)):
        # What follows from a bad value is not reported beside it.
        if lines.keys().isdisjoint({fault.name, *fault.beside}):
            told = f"; it is {shown(fault.value)}" if fault.value else ""
            lines[fault.name] = f"{variable(fault.name)}: {fault.reason}{told}"
    if lines:
        raise SettingsError(*lines.values(), *unknown_lines(environ))
    return settings


def load_kept(environ: Mapping[str, str] | None = None) -> Settings:
    """For a command that looks into stores, and calls neither the core nor Keycloak: what they need may be missing.

    Raises SettingsError as ``load`` does, for the settings that are read.
    """
    environ = os.environ if environ is None else environ
    asked = [setting for setting in all_settings() if setting.name in _OF_STORES]
    given, lines = read(asked, environ)
    settings = Settings(**{name: _group(kind, given) for name, kind in GROUPS.items()})
    for fault in settings.stores.faults():
        lines.setdefault(fault.name, f"{variable(fault.name)}: {fault.reason}")
    if lines:
        raise SettingsError(*lines.values(), *unknown_lines(environ))
    return settings


def all_settings() -> list[dataclasses.Field[Any]]:
    return [setting for kind in GROUPS.values() for setting in dataclasses.fields(kind)]


def unknown_variables(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """``GATEWAY_*`` variables that are no settings, with the most similar setting or an empty string."""
    # They do not stop the start: orchestrators set such names themselves (``GATEWAY_SERVICE_HOST``).
    # Compared without the prefix, which would make any two names similar.
    known = {setting.name.upper() for setting in all_settings()}
    files = {f"{setting.name.upper()}_FILE" for setting in all_settings() if setting.metadata["secret"]}
    for name in sorted(environ):
        own = name.removeprefix(PREFIX)
        if own != name and own not in known | files:
            yield name, "".join(PREFIX + like for like in _nearest(own, known, files))


def unknown_lines(environ: Mapping[str, str]) -> Iterator[str]:
    """A line for each unknown variable that may be a slip of a known one."""
    for name, nearest in unknown_variables(environ):
        if nearest:
            reason = "only secrets take _FILE" if name == f"{nearest}_FILE" else "there is no such setting"
            yield f"{name}: {reason}; the nearest is {nearest}"


def _nearest(own: str, known: set[str], files: set[str]) -> list[str]:
    # A setting that is no secret has no ``_FILE`` form, so its plain name is the nearest.
    if (plain := own.removesuffix("_FILE")) in known:
        return [plain]
    return difflib.get_close_matches(own, sorted(known | files), n=1, cutoff=_LEAST_LIKENESS)


def _group(kind: type[Any], given: Mapping[str, Any]) -> Any:
    # A missing required value becomes empty, so that other faults are reported too.
    fields = dataclasses.fields(kind)
    missing = {setting.name: "" for setting in fields if setting.default is dataclasses.MISSING}
    return kind(**missing | {setting.name: given[setting.name] for setting in fields if setting.name in given})


def _cut_short(settings: Settings, given: Mapping[str, Any]) -> Iterator[Fault]:
    """A setting may not go beyond those around it. A default is cut instead."""
    budgets, access, service = settings.budgets, settings.access, settings.service
    if given.get("keys_ttl", 0) > access.keys_max_stale / 2:
        reason = f"must be at most half of {variable('keys_max_stale')}, which is {access.keys_max_stale:g} s"
        yield Fault("keys_ttl", f"{reason}; it is {given['keys_ttl']:g} s", beside=("keys_max_stale",))
    if given.get("max_held_bytes", service.max_body_bytes) < service.max_body_bytes:
        reason = f"must be at least {variable('max_body_bytes')}, which is {service.max_body_bytes}"
        yield Fault("max_held_bytes", f"{reason}; it is {given['max_held_bytes']}", beside=("max_body_bytes",))
    for inner, outer in (("item_deadline", "batch_deadline"), ("core_timeout", "item_deadline")):
        most = getattr(budgets, outer)
        if given.get(inner, 0) > most:
            reason = f"must be at most {variable(outer)}, which is {most:g} s; it is {given[inner]:g} s"
            yield Fault(inner, reason, beside=(outer,))
