"""Where an operation is served: the one table from which its routes, the first metrics, OpenAPI and the docs are made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: ``rules`` are Flask's, and the first is the one that the OpenAPI document shows.

    ``problems`` are the types that not every operation answers with.
    """

    method: str
    rules: tuple[str, ...]
    problems: AbstractSet[str]

    @property
    def paths(self) -> list[str]:
        """The rules as OpenAPI writes them: ``<item_id>`` is ``{itemId}``."""
        return [re.sub("<(.*?)>", lambda name: f"{{{_camel(name[1])}}}", rule) for rule in self.rules]


def _camel(name: str) -> str:
    return re.sub("_(.)", lambda letter: letter[1].upper(), name)
