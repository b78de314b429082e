from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.core.check import refusals
from gateway.core.check.answers import described
from gateway.core.check.finding import Finding, cannot_tell
from legacy_client.errors import AccessDenied, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping, Sequence

    from gateway.core.check.item_field import ItemField
    from gateway.core.check.missing_item import MissingItem
    from gateway.core.check.pace import Pace
    from gateway.core.check.writes import Writes
    from gateway.resources.resource import Resource
    from gateway.settings import Settings
    from legacy_client.single.line import Place
    from legacy_client.single.seen import Seen


ALL_REFUSED = "refused as every update is: 'unknown id' says why"
REFUSED = "the core refuses the gateway's credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What probes are given.

    ``look`` GETs the item. ``found`` holds the findings so far by row.
    ``own_credentials`` raises NotSent where there are none. ``code_at``: where answers have their code.
    ``refusals`` hold what the core says to an update that it should take, if it refuses that. ``keys_kept``: the seconds that the core's team declares.
    """

    settings: Settings
    resource: Resource
    field: ItemField
    place: Place
    missing: MissingItem
    look: Callable[[], Seen]
    own_credentials: Callable[[], Mapping[str, str]]
    method: str
    code_at: Sequence[str]
    writes: Writes
    pace: Pace
    wall_clock: Callable[[], float]
    rest: Callable[[float], None]
    keys_kept: float | None
    found: MutableMapping[str, Finding] = dataclasses.field(default_factory=dict)
    refusals: list[Seen] = dataclasses.field(default_factory=list)

    def is_usual(self, seen: Seen) -> bool:
        """Whether it is the refusal of an update that the core should take."""
        if seen.is_success or not self.refusals:
            return False
        sent = self.missing.headers()
        return any(refusals.is_the_same(seen, each, self.code_at, sent) for each in self.refusals)

    def answer_to(self, fields: Mapping[str, Any]) -> Seen | Finding:
        """Of the missing item if that is enough, else of the item. A finding where neither can tell."""
        seen = self.missing.update(fields)
        if isinstance(seen.error, NotFound) or (self.is_usual(seen) and self.writes.is_known):
            if not self.writes.is_known:
                return cannot_tell("the core looks for the id first: --write shows it", described(seen), is_asked=False)
            seen = self.writes.write_fields(fields)
        if self.is_usual(seen):
            return cannot_tell(ALL_REFUSED, described(seen))
        return cannot_tell(REFUSED, described(seen)) if self.is_refused(seen) else seen

    def is_refused(self, seen: Seen) -> bool:
        """Whether the gateway's credentials are, and not this call alone."""
        return isinstance(seen.error, AccessDenied) and self.found["credentials"].verdict == "fail"
