from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

    from gateway.core.check.finding import Finding
    from gateway.core.check.item_field import ItemField
    from gateway.core.check.missing_item import MissingItem
    from gateway.core.check.pace import Pace
    from gateway.core.check.writes import Writes
    from gateway.resources.resource import Resource
    from gateway.settings import Settings
    from legacy_client.single.line import Place
    from legacy_client.single.seen import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What probes are given.

    ``look`` GETs the item. ``found`` holds the findings so far by row.
    ``own_credentials`` raises NotSent where there are none. ``keys_kept``: the seconds that the core's team declares.
    """

    settings: Settings
    resource: Resource
    field: ItemField
    place: Place
    missing: MissingItem
    look: Callable[[], Seen]
    own_credentials: Callable[[], Mapping[str, str]]
    method: str
    writes: Writes
    pace: Pace
    wall_clock: Callable[[], float]
    rest: Callable[[float], None]
    keys_kept: float | None
    found: MutableMapping[str, Finding] = dataclasses.field(default_factory=dict)
