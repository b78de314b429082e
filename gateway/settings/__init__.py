"""Every setting of the gateway, read once from ``GATEWAY_*`` and checked at start.

Source: ``contract.md`` section 4. ``docs/reference/settings.md`` is generated from the fields of Settings.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.settings.access import AccessKnobs
from gateway.settings.budgets import BudgetKnobs
from gateway.settings.core import CoreKnobs
from gateway.settings.field import PREFIX, Fault, variable
from gateway.settings.reading import read
from gateway.settings.service import ServiceKnobs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Settings", "SettingsError", "load", "unknown_variables", "variable"]

_GROUPS = (CoreKnobs, BudgetKnobs, AccessKnobs, ServiceKnobs)
# A name less like than this is a stranger's, not a slip.
_LEAST_LIKENESS = 0.8


class SettingsError(ValueError):
    """Settings are missing or wrong: a line for each, which names its variable."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines

    def report(self) -> str:
        """The lines as the last words of a command."""
        return "\n".join(f"gateway: {line}" for line in self.lines)


@dataclass(frozen=True, kw_only=True)
class Settings(CoreKnobs, BudgetKnobs, AccessKnobs, ServiceKnobs):
    """All settings, checked. Collaborators get the values they need, not this object."""

    def faults(self) -> Iterator[Fault]:
        """What cannot hold together."""
        for group in _GROUPS:
            yield from group.faults(self)


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment; a secret may come from the file named by ``GATEWAY_*_FILE``.

    Raises SettingsError with a line for each bad one. Files that settings name are looked at.
    """
    knobs = _knobs()
    given, lines = read(knobs, os.environ if environ is None else environ)
    missing = {knob.name: "" for knob in knobs if knob.default is dataclasses.MISSING}
    settings = Settings(**{**missing, **given})
    for fault in (*settings.faults(), *_cut_short(settings, given)):
        # What a bad value would bring about is not told beside it.
        if lines.keys().isdisjoint({fault.name, *fault.beside}):
            lines[fault.name] = f"{variable(fault.name)}: {fault.reason}"
    if lines:
        raise SettingsError(*lines.values())
    return settings


def unknown_variables(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """``GATEWAY_*`` variables that mean nothing here, each with the known name that it is like, or an empty string.

    They do not stop the start: orchestrators inject names of this form on their own (``GATEWAY_SERVICE_HOST``).
    """
    knobs = _knobs()
    # Without the prefix, which alone would make any two names alike.
    known = {knob.name.upper() for knob in knobs}
    files = {f"{knob.name.upper()}_FILE" for knob in knobs if knob.metadata["secret"]}
    for name in sorted(environ):
        own = name.removeprefix(PREFIX)
        if own != name and own not in known | files:
            nearest = difflib.get_close_matches(own, sorted(known | files), n=1, cutoff=_LEAST_LIKENESS)
            yield name, "".join(PREFIX + like for like in nearest)


def _knobs() -> list[dataclasses.Field[Any]]:
    return [knob for group in _GROUPS for knob in dataclasses.fields(group)]


def _cut_short(settings: Settings, given: Mapping[str, Any]) -> Iterator[Fault]:
    """A default gives way to a shorter budget around it; who chose a longer one is told, as with the outer budgets."""
    for inner, outer in (("item_deadline", "batch_deadline"), ("core_timeout", "item_deadline")):
        most = getattr(settings, outer)
        if given.get(inner, 0) > most:
            reason = f"must be at most {variable(outer)}, which is {most:g} s; it is {given[inner]:g} s"
            yield Fault(inner, reason, beside=(outer,))
