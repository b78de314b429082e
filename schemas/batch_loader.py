from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from schemas.base import StrictSchema
from schemas.batches import BatchTooLarge, InvalidBatch, ItemSchema, batch_schema
from schemas.compiled import compile_loader, compile_plain
from schemas.containers import UuidList
from schemas.error_list import ErrorList
from schemas.fields import Uuid
from schemas.messages import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from schemas.batches import Item

PAUSE_EVERY = 8
"""Items and errors between two calls of ``let_others_run``: what an item costs beyond others, it costs by its errors.

Of items that are valid as they are, as many are passed as are asked about together.
"""

# Rows that are asked about together; fewer are dearer together than one by one.
_BLOCK, _FEWEST = 64, 8

MAX_COUNTED = 10_000
"""Errors after which no further item is looked at."""

# An entry of a list of UUIDs, with its quotes and comma.
_LISTED_BYTES = 39

_PARTNER = Message("partner_not_allowed", "Must be a partner that the caller may name.")


class BatchLoader:
    """Turns a JSON document into valid items, or into the errors of all of them."""

    def __init__(self, item: ItemSchema, max_items: int, let_others_run: Callable[[], None]) -> None:
        """``let_others_run`` is called now and then, to let others run.

        Raises TypeError for a schema whose partners cannot be checked.
        """
        self._schema = item
        self._partners_name = _partners_name(item)
        self.max_items = max_items
        self._let_others_run = let_others_run
        values, containers, names = item.most()
        self._most = 2 + max_items * values, 2 + max_items * containers, 1 + max_items * names
        self._load_batch = compile_loader(batch_schema(item, max_items))
        self._load_item = compile_loader(item)
        # A rule over several fields has to see each item.
        is_ruled = type(item).check not in {StrictSchema.check, ItemSchema.check}
        self._are_plain = None if is_ruled or not item.load_fields[item.id_name].required else compile_plain(item)

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
        if len(rows) < _FEWEST:
            return self._checked(iter(rows), errors, _lowered(allowed_partners), {})
        blocks = (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
        return self._in_blocks(blocks, errors, _lowered(allowed_partners))

    def items_of(self, pieces: Iterable[list[Any]], allowed_partners: AbstractSet[str] | None = None) -> Iterator[Item]:
        """As ``items``, of a document whose array is ``pieces`` together. They are read to the end, errors or not."""
        return self._in_blocks(iter(pieces), ErrorList(), _lowered(allowed_partners))

    def _in_blocks(self, blocks: Iterator[list[Any]], errors: ErrorList, partners: set[str] | None) -> Iterator[Item]:
        seen: dict[str, int] = {}
        for rows in blocks:
            if errors.total or not self._are_sure(rows, partners, seen):
                yield from self._checked(chain(rows, chain.from_iterable(blocks)), errors, partners, seen)
                return
            yield from rows
            self._let_others_run()

    def _are_sure(self, rows: list[Any], partners: set[str] | None, seen: dict[str, int]) -> bool:
        """Whether each of ``rows`` is valid as it is, and none was ``seen``; then they are."""
        if self._are_plain is None or not self._are_plain(rows):
            return False
        if partners is not None and any(self._has_others(row, partners) for row in rows):
            return False
        id_name, first = self._schema.id_name, len(seen)
        ids = [row[id_name] for row in rows]
        if len(set(ids)) < len(ids) or not seen.keys().isdisjoint(ids):
            return False
        seen.update(zip(ids, range(first, first + len(ids)), strict=True))
        return True

    def _has_others(self, row: Item, partners: set[str]) -> bool:
        messages: dict[Any, Any] = {}
        self._check_partners(row, partners, messages)
        return bool(messages)

    def _checked(
        self, rows: Iterator[Any], errors: ErrorList, partners: set[str] | None, seen: dict[str, int]
    ) -> Iterator[Item]:
        """``seen``: the ids of all items before ``rows``, which are valid."""
        id_name, invalid, before = self._schema.id_name, 0, len(seen)
        index, pause_at = before - 1, before + PAUSE_EVERY
        for index, row in enumerate(rows, before):
            if index >= pause_at:
                self._let_others_run()
                pause_at = index + PAUSE_EVERY
            messages: dict[Any, Any] = {}
            item = self._load_item(row, messages)
            item_id = item.get(id_name)
            if item_id is not None and (first := seen.setdefault(item_id, index)) != index:
                messages[id_name] = [self._duplicate(first)]
            if partners is not None:
                self._check_partners(item, partners, messages)
            if messages:
                invalid += 1
                pause_at -= errors.add(messages, index, item_id)
                if errors.total >= MAX_COUNTED:
                    break
            elif not invalid:
                yield item
        if errors.total:
            checked = index + 1
            raise InvalidBatch(errors.listed, errors.total, invalid, checked + len(list(rows)), checked)

    def _rows(self, document: object, errors: ErrorList) -> list[Any]:
        """The array of items, as far as there is one. Other faults of the document go to ``errors``."""
        messages: dict[Any, Any] = {}
        batch = self._load_batch(document, messages)
        if messages:
            errors.add(messages)
        rows: list[Any] = batch.get("data", [])
        return rows

    def _duplicate(self, first: int) -> Message:
        schema = self._schema
        text = f"Must differ from the {schema.id_name} of item {first}: name each {schema.called} once."
        return Message(schema.duplicate_code, text)

    def _check_partners(self, item: Item, partners: set[str], messages: dict[Any, Any]) -> None:
        name = self._partners_name
        named = item.get(name)
        if not named:  # left out, or null
            return
        if type(named) is str:
            if named not in partners:
                messages.setdefault(name, []).append(_PARTNER)
        elif not partners.issuperset(named):
            messages[name] = {place: [_PARTNER] for place, one in enumerate(named) if one not in partners}


def _lowered(partners: AbstractSet[str] | None) -> set[str] | None:
    return None if partners is None else {partner.lower() for partner in partners}


def _partners_name(schema: ItemSchema) -> str:
    """The field of partners, or empty. Raises TypeError where it is undeclared, or holds no UUIDs."""
    name: str | None = getattr(schema, "partners_name", None)
    if name is None:
        raise TypeError(f"{type(schema).__name__} must say its partners_name; empty where an item names no partner")
    if name and not isinstance(schema.load_fields.get(name), Uuid | UuidList):
        raise TypeError(f"{type(schema).__name__}.partners_name must be a Uuid or a UuidList; it is {name!r}")
    return name
