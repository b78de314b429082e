"""The body of a batch → its calls, each in the core's words (hop 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.api.body import document_in
from gateway.api.json_size import JsonSize
from gateway.api.pieces import Unsure, pieces

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from gateway.resources.resource import Resource
    from legacy_client.calls import Update

# What smaller ones are parsed into has room in the processor's cache as a whole.
_LARGE = 65_536


def calls_in(
    body: bytes, resource: Resource, allowed_partners: AbstractSet[str] | None, let_others_run: Callable[[], None]
) -> list[Update]:
    """Raises Problem 400 or 413, BatchTooLarge or InvalidBatch. ``allowed_partners`` are UUIDs; None allows all."""
    loader = resource.loader
    most = JsonSize(*loader.most(len(body)))
    if len(body) > _LARGE:
        parts = pieces(body, most, loader.max_items, let_others_run)
        try:
            return [resource.call(item) for item in loader.items_of(parts, allowed_partners)]
        except Unsure:
            pass
    document = document_in(body, most, let_others_run)
    return [resource.call(item) for item in loader.items(document, allowed_partners)]
