from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.api.routes import with_core_map
from gateway.settings import SettingsError, variable
from gateway.wiring.core_map import map_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.auth.principal import Method
    from gateway.resources.resource import MakeResource, Resource
    from gateway.settings import Settings


def made(settings: Settings, resources: Sequence[MakeResource], let_others_run: Callable[[], None]) -> list[Resource]:
    """Raises SettingsError for a map that is none."""
    service = settings.service
    with map_of(settings.core) as core_map:
        chosen = with_core_map(resources, core_map)
        served = [make(service.languages, service.max_batch_items, let_others_run) for make in chosen]
    by_a_map = bool(settings.core.core_map)
    mapped = [by_a_map and make is not own for make, own in zip(chosen, resources, strict=True)]
    _demand_own_headers_free(served, mapped, settings.core.core_deadline_header)
    return served


def _demand_own_headers_free(resources: Sequence[Resource], mapped: Sequence[bool], deadline_header: str) -> None:
    """``mapped``: whose headers a map writes. Raises SettingsError for calls that would carry the header twice."""
    for resource, by_map in zip(resources, mapped, strict=True):
        for name, _ in resource.operation.headers:
            if name.lower() == deadline_header.lower():
                where = (
                    f"{variable('core_map')}: update.headers.{name}" if by_map else f"{resource.path}: header {name}"
                )
                raise SettingsError(f"{where} must not be the header of {variable('core_deadline_header')}")


def demand_granted(resources: Sequence[Resource], methods: Sequence[Method]) -> None:
    """Raises SettingsError for a resource that nobody could ever update."""
    granted = frozenset[str]().union(*(method.grants for method in methods))
    for resource in resources:
        if resource.permission not in granted:
            told = f"no way to be known grants {resource.permission!r}, which updates of {resource.plural} need"
            raise SettingsError(f"{resource.path}: {told}")
