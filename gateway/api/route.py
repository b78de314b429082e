"""Where an operation is served. Routes, metrics, OpenAPI and the docs are made from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet


@dataclass(frozen=True, slots=True)
class Route:
    """``rules`` are Flask's; OpenAPI shows the first. ``problems`` are types of this operation only."""

    method: str
    rules: tuple[str, ...]
    problems: AbstractSet[str]

    @property
    def paths(self) -> list[str]:
        """The rules as OpenAPI writes them: ``<item_id>`` is ``{itemId}``, and so is ``<rest:item_id>``."""
        return [re.sub("<(?:rest:)?(.*?)>", lambda name: f"{{{camel(name[1])}}}", rule) for rule in self.rules]


def camel(name: str) -> str:
    """``item_id`` → ``itemId``."""
    return re.sub("_(.)", lambda letter: letter[1].upper(), name)
