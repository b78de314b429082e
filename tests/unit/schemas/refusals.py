"""Verbs for tests: load something and tell in one line what was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from schemas.actions import ActionUpdateSchema
from schemas.base import InvalidDocument
from schemas.batch_loader import BatchLoader
from schemas.batches import InvalidBatch
from schemas.integrations import load_integration_action

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet


def loader(max_items: int = 1_000) -> BatchLoader:
    return BatchLoader(ActionUpdateSchema(languages=("en", "fr")), max_items, let_others_run=lambda: None)


def load_batch(*items: Any, allowed_partners: AbstractSet[str] | None = None) -> list[dict[str, object]]:
    return list(loader().items({"data": list(items)}, allowed_partners))


def refused_document(document: Any) -> InvalidBatch:
    with pytest.raises(InvalidBatch) as caught:
        list(loader().items(document))
    return caught.value


def refused_batch(*items: Any, allowed_partners: AbstractSet[str] | None = None) -> InvalidBatch:
    with pytest.raises(InvalidBatch) as caught:
        load_batch(*items, allowed_partners=allowed_partners)
    return caught.value


def places(refusal: InvalidDocument) -> list[tuple[int | None, str | None, str]]:
    """Index, field and code of each error listed."""
    return [(error.index, error.field, error.code) for error in refusal.errors]


def item_errors(**fields: Any) -> list[tuple[str | None, str]]:
    """Field and code of each error of an item that is valid but for ``fields``."""
    refusal = refused_batch({"actionId": "1", **fields})
    return [(error.field, error.code) for error in refusal.errors]


def integration_errors(body: Any) -> list[tuple[str | None, str]]:
    """Field and code of each error of an integration action's body."""
    with pytest.raises(InvalidDocument) as caught:
        load_integration_action(body)
    assert {error.index for error in caught.value.errors} == {None}
    return [(error.field, error.code) for error in caught.value.errors]
