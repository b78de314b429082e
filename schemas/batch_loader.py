from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.batch_check import BatchCheck, ItemRules
from schemas.batches import BatchTooLarge, batch_schema
from schemas.compiled import compile_loader
from schemas.error_list import ErrorList

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from schemas.batches import Item, ItemSchema

# Rows that are asked about together; fewer are dearer together than one by one.
_BLOCK, _FEWEST = 64, 8

# An entry of a list of UUIDs, with its quotes and comma.
_LISTED_BYTES = 39


class BatchLoader:
    """Turns a JSON document into valid items, or into the errors of all of them."""

    def __init__(self, item: ItemSchema, max_items: int, let_others_run: Callable[[], None]) -> None:
        """``let_others_run`` is called now and then, to let others run.

        Raises TypeError for a schema whose partners cannot be checked.
        """
        self._rules = ItemRules(item, let_others_run)
        self.max_items = max_items
        values, containers, names = item.most()
        self._most = 2 + max_items * values, 2 + max_items * containers, 1 + max_items * names
        self._load_batch = compile_loader(batch_schema(item, max_items))

    def most(self, size: int) -> tuple[int, int, int]:
        """The most of a batch of ``size`` bytes: JSON values, arrays and objects among them, names."""
        values, containers, names = self._most
        return values + size // _LISTED_BYTES, containers, names

    def items(self, document: object, allowed_partners: AbstractSet[str] | None = None) -> Iterator[Item]:
        """The valid items in order, up to the first that is invalid.

        ``allowed_partners`` are UUIDs; None allows all. Raises BatchTooLarge before the first item. Raises InvalidBatch
        after the last, or after MAX_COUNTED errors, so send nothing before the end.
        """
        errors = ErrorList()
        rows = self._rows(document, errors)
        if len(rows) > self.max_items:
            raise BatchTooLarge(len(rows), self.max_items)
        check = BatchCheck(self._rules, errors, _lowered(allowed_partners))
        if len(rows) < _FEWEST:
            return check.one_by_one(rows, {}, are_all=True)
        return check.together(rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))

    def items_of(
        self, pieces: Iterable[list[Any]], allowed_partners: AbstractSet[str] | None, when_large: Callable[[], None]
    ) -> Iterator[Item]:
        """As ``items``, of a document whose array is ``pieces`` together. They are read to the end, errors or not.

        ``when_large`` is called as soon as the batch is invalid and may hold more than a valid one.
        """
        return BatchCheck(self._rules, ErrorList(), _lowered(allowed_partners), when_large).together(iter(pieces))

    def _rows(self, document: object, errors: ErrorList) -> list[Any]:
        """The array of items, as far as there is one. Other faults of the document go to ``errors``."""
        # Nearly all are of this form, which the schema allows.
        if type(document) is dict and len(document) == 1 and type(only := document.get("data")) is list and only:
            return only
        messages: dict[Any, Any] = {}
        batch = self._load_batch(document, messages)
        if messages:
            errors.add(messages)
        rows: list[Any] = batch.get("data", [])
        return rows


def _lowered(partners: AbstractSet[str] | None) -> set[str] | None:
    return None if partners is None else {partner.lower() for partner in partners}
