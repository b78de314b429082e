"""The check of one batch: its valid items, or the errors of all."""

from __future__ import annotations

from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NoReturn

from schemas.base import StrictSchema
from schemas.batches import InvalidBatch, ItemSchema
from schemas.compiled import compile_loader, compile_row_kinds
from schemas.containers import UuidList
from schemas.fields import Uuid
from schemas.messages import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from schemas.batches import Item
    from schemas.error_list import ErrorList
    from schemas.row_kinds import RowKind

    ByNames = Mapping[tuple[str, ...], RowKind]

PAUSE_EVERY = 8
"""Items and errors between two calls of ``let_others_run``: what an item costs beyond others, it costs by its errors.

Of items that are judged together, all are passed.
"""

MAX_COUNTED = 10_000
"""Errors after which no further item is looked at."""

_PARTNER = Message("partner_not_allowed", "Must be a partner that the caller may name.")


class ItemRules:
    """What is the same for all batches."""

    def __init__(self, schema: ItemSchema, let_others_run: Callable[[], None]) -> None:
        """Raises TypeError for a schema whose partners cannot be checked."""
        self.schema = schema
        self.partners_name = _partners_name(schema)
        self.let_others_run = let_others_run
        self.load = compile_loader(schema)
        # A rule over several fields has to see each item.
        is_ruled = type(schema).check not in {StrictSchema.check, ItemSchema.check}
        self.kinds = None if is_ruled or not schema.load_fields[schema.id_name].required else compile_row_kinds(schema)
        self.ids_of = itemgetter(schema.id_name)


class BatchCheck:
    __slots__ = (
        "_checked", "_errors", "_invalid", "_partners", "_pause_at", "_rows", "_rules", "_seen", "_when_large",
    )  # fmt: skip

    def __init__(
        self,
        rules: ItemRules,
        errors: ErrorList,
        partners: set[str] | None,
        when_large: Callable[[], None] | None = None,
    ) -> None:
        """``errors`` may hold those of the document. ``partners``, in lower case: None allows all.

        ``when_large`` is called as soon as the batch is invalid and may hold more than a valid one.
        """
        self._rules = rules
        self._errors = errors
        self._partners = partners
        self._when_large = when_large
        self._seen: dict[str, int] = {}
        self._rows = self._invalid = self._checked = 0
        self._pause_at = PAUSE_EVERY

    def together(self, blocks: Iterator[list[Any]]) -> Iterator[Item]:
        """The valid items of all ``blocks``, up to the first that is invalid. Raises InvalidBatch after the last."""
        rules = self._rules
        for rows in blocks:
            kinds: ByNames = rules.kinds.of(rows) if rules.kinds else {}
            if kinds and self._is_judged(rows, kinds):
                if not self._invalid:
                    yield from rows
                rules.let_others_run()
                self._pause_at = self._rows + PAUSE_EVERY
                continue
            yield from self.one_by_one(rows, kinds, are_all=False)
            if self._errors.total >= MAX_COUNTED:
                break
        if self._errors.total:
            self._end(sum(map(len, blocks)))

    def one_by_one(self, rows: list[Any], kinds: ByNames, *, are_all: bool) -> Iterator[Item]:
        """As ``together``. ``kinds`` may be empty. It raises only where ``rows`` ``are_all``."""
        rules, seen, partners = self._rules, self._seen, self._partners
        load, id_name = rules.load, rules.schema.id_name
        for index, row in enumerate(rows, self._rows):
            if index >= self._pause_at:
                rules.let_others_run()
                self._pause_at = index + PAUSE_EVERY
            messages: dict[Any, Any] = {}
            kind = kinds[tuple(row)] if kinds else None
            item = load(row, messages) if kind is None else kind.load(row, messages)
            item_id = item.get(id_name)
            if item_id is not None and (first := seen.setdefault(item_id, index)) != index:
                messages[id_name] = [self._duplicate(first)]
            if partners is not None:
                self._check_partners(item, partners, messages)
            if messages:
                self._refuse(messages, index, item_id, is_small=kind is not None and kind.is_small)
                if self._errors.total >= MAX_COUNTED:
                    break
            elif not self._invalid:
                yield item
        self._rows += len(rows)
        if are_all and self._errors.total:
            self._end(0)

    def _refuse(self, messages: dict[Any, Any], index: int, item_id: str | None, *, is_small: bool) -> None:
        if not is_small:
            self._measure()
        self._invalid += 1
        self._pause_at -= self._errors.add(messages, index, item_id)
        if self._errors.total >= MAX_COUNTED:
            # What is not looked at may be large.
            self._measure()
            self._checked = index + 1

    def _measure(self) -> None:
        if self._when_large:
            self._when_large()
            self._when_large = None

    def _end(self, unread: int) -> NoReturn:
        total = self._rows + unread
        raise InvalidBatch(self._errors.listed, self._errors.total, self._invalid, total, self._checked or total)

    def _is_judged(self, rows: list[Any], kinds: ByNames) -> bool:
        """Whether it is known without a look at each which of ``rows`` are invalid; then they are counted."""
        ids = self._new_ids(rows, kinds)
        found = self._wrong(kinds) if ids is not None else None
        if ids is None or found is None:
            return False
        self._seen.update(zip(ids, range(self._rows, self._rows + len(ids)), strict=True))
        self._rows += len(ids)
        self._errors.total += found[0]
        self._invalid += found[1]
        return True

    def _new_ids(self, rows: list[Any], kinds: ByNames) -> list[str] | None:
        """None where an id may be invalid or was seen, or a partner may be one whom the caller may not name."""
        id_name = self._rules.schema.id_name
        for kind in kinds.values():
            if id_name in kind.doubtful or not self._are_allowed(kind):
                return None
        ids = list(map(self._rules.ids_of, rows))
        return ids if len(set(ids)) == len(ids) and self._seen.keys().isdisjoint(ids) else None

    def _are_allowed(self, kind: RowKind) -> bool:
        """Whether the caller may surely name all partners."""
        partners, name = self._partners, self._rules.partners_name
        named = kind.columns.get(name)
        if partners is None or named is None:
            return True
        types = set(map(type, named))
        if name in kind.doubtful or len(types) > 1:
            return False
        return partners.issuperset(chain.from_iterable(named) if types == {list} else named)

    def _wrong(self, kinds: ByNames) -> tuple[int, int] | None:
        """Numbers of errors and of invalid rows. None where errors are still listed, or only a look at each tells."""
        errors = invalid = 0
        for kind in kinds.values():
            if kind.doubtful:
                wrong = kind.wrong() if self._errors.is_full else None
                if wrong is None:
                    return None
                errors += wrong[0]
                invalid += wrong[1]
        return (errors, invalid) if self._errors.total + errors < MAX_COUNTED else None

    def _duplicate(self, first: int) -> Message:
        schema = self._rules.schema
        text = f"Must differ from the {schema.id_name} of item {first}: name each {schema.called} once."
        return Message(schema.duplicate_code, text)

    def _check_partners(self, item: Item, partners: set[str], messages: dict[Any, Any]) -> None:
        name = self._rules.partners_name
        named = item.get(name)
        if not named:  # left out, or null
            return
        if type(named) is str:
            if named not in partners:
                messages.setdefault(name, []).append(_PARTNER)
        elif not partners.issuperset(named):
            messages[name] = {place: [_PARTNER] for place, one in enumerate(named) if one not in partners}


def _partners_name(schema: ItemSchema) -> str:
    """The field of partners, or empty. Raises TypeError where it is undeclared, or holds no UUIDs."""
    name: str | None = getattr(schema, "partners_name", None)
    if name is None:
        raise TypeError(f"{type(schema).__name__} must say its partners_name; empty where an item names no partner")
    if name and not isinstance(schema.load_fields.get(name), Uuid | UuidList):
        raise TypeError(f"{type(schema).__name__}.partners_name must be a Uuid or a UuidList; it is {name!r}")
    return name
