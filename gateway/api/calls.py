"""The body of a batch → its calls, each in the core's words (hop 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.api.body import document_in
from gateway.api.json_size import JsonSize, at_most
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

        def demand_that_it_fits() -> None:
            if not at_most(body, most.names, let_others_run).fits(most):
                raise Unsure

        parts = pieces(body, loader.max_items, demand_that_it_fits, let_others_run)
        try:
            return [resource.call(item) for item in loader.items_of(parts, allowed_partners, demand_that_it_fits)]
        except Unsure:
            pass
    document = document_in(body, most, let_others_run)
    return [resource.call(item) for item in loader.items(document, allowed_partners)]
