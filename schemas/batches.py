"""A batch of items of one kind (``contract.md`` 1.2): schema, array, and the loader that reports every error."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from marshmallow import ValidationError

from schemas.base import ErrorList, FieldError, InvalidDocument, StrictSchema
from schemas.compiled import compile_loader
from schemas.containers import ObjectList, Translations, UuidList
from schemas.fields import Uuid
from schemas.ids import MOST_DIGITS, NumberId
from schemas.messages import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from marshmallow.fields import Field

    Item = dict[str, Any]

PAUSE_EVERY = 8
"""Items between two calls of ``let_others_run``. It is also called after each item that is refused: those cost much more."""

MAX_COUNTED = 10_000
"""Errors after which no further item is looked at."""

# An entry of a list of UUIDs, with its quotes and comma.
_LISTED_BYTES = 39

_PARTNER = Message("partner_not_allowed", "Must be a partner that the caller may name.")


class ItemSchema(StrictSchema):
    """``called`` and ``plural`` are the words for an item. ``id_name`` is the field of its id.

    ``partners_name`` is the field of partners that the caller must be allowed to name; empty where an item names none.
    """

    called: ClassVar[str]
    plural: ClassVar[str]
    id_name: ClassVar[str]
    # Without a default: a schema that forgets its partners would let every caller name them all.
    partners_name: ClassVar[str]
    duplicate_code: ClassVar[str] = "duplicate_value"

    # The id and at least one field to change.
    json_schema = MappingProxyType({"minProperties": 2})

    def __init__(self, *, languages: Sequence[str], id_digits: int = MOST_DIGITS, **options: Any) -> None:
        """``id_digits``: the most of an id that is a number."""
        self._languages = tuple(languages)
        self._id_digits = id_digits
        self._nothing = Message("nothing_to_update", f"Must have at least one field besides {self.id_name}.")
        super().__init__(**options)

    def on_bind_field(self, field_name: str, field_obj: Field[Any]) -> None:
        if isinstance(field_obj, Translations):
            field_obj.set_languages(self._languages)
        elif isinstance(field_obj, NumberId) and field_name == self.id_name:
            field_obj.set_digits(self._id_digits)

    def most(self) -> tuple[int, int, int]:
        """JSON values, arrays and objects among them, names. Entries of lists do not count."""
        fields = self.load_fields.values()
        texts = sum(isinstance(field, Translations) for field in fields)
        lists = sum(isinstance(field, UuidList) for field in fields)
        names = len(fields) + texts * len(self._languages)
        return 1 + names, 1 + texts + lists, names

    def check(self, loaded: dict[str, Any]) -> None:
        """An item must change something."""
        if len(loaded) < 2:
            raise ValidationError(self._nothing)


class ItemArray(ObjectList):
    """Unread: BatchLoader loads the items one at a time."""

    def __init__(self, item: ItemSchema, **options: Any) -> None:
        self._empty = Message("empty_batch", f"Must be an array of at least one {item.called}.")
        super().__init__(item, **options)

    def accept(self, value: Any) -> list[Any] | None:
        """None for no array or an empty one."""
        return value if type(value) is list and value else None

    def _deserialize(self, value: Any, *_where: Any, **_options: Any) -> list[Any]:
        accepted = self.accept(value)
        if accepted is None:
            raise ValidationError(self._empty if value == [] else self.wrong_type)
        return accepted


def batch_schema(item: ItemSchema, max_items: int) -> StrictSchema:
    class BatchUpdateSchema(StrictSchema):
        data = ItemArray(
            item, least=1, most=max_items, required=True, about=f"The {item.plural} to update, each named once."
        )

    return BatchUpdateSchema()


class InvalidBatch(InvalidDocument):
    """The batch or an item is invalid: nothing may be sent to the core."""

    def __init__(
        self,
        errors: Sequence[FieldError],
        errors_total: int,
        invalid_items: int = 0,
        total_items: int = 0,
        checked_items: int = 0,
    ) -> None:
        """``errors`` are of the first ``checked_items``."""
        super().__init__(errors, errors_total)
        self.invalid_items = invalid_items
        self.total_items = total_items
        self.checked_items = checked_items


class BatchTooLarge(ValueError):
    def __init__(self, received: int, max_items: int) -> None:
        super().__init__(f"{received} items, at most {max_items}")
        self.received = received
        self.max_items = max_items


class BatchLoader:
    """Turns a JSON document into valid items, or into the errors of all of them."""

    def __init__(self, item: ItemSchema, max_items: int, let_others_run: Callable[[], None]) -> None:
        """``let_others_run`` is called every PAUSE_EVERY items at least, to let others run.

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
        partners = None if allowed_partners is None else {partner.lower() for partner in allowed_partners}
        invalid, index, seen, id_name = 0, -1, dict[str, int](), self._schema.id_name
        for index, row in enumerate(rows):
            if index and not index % PAUSE_EVERY:
                self._let_others_run()
            messages: dict[Any, Any] = {}
            item = self._load_item(row, messages)
            item_id = item.get(id_name)
            if item_id is not None and (first := seen.setdefault(item_id, index)) != index:
                messages[id_name] = [self._duplicate(first)]
            if partners is not None:
                self._check_partners(item, partners, messages)
            if messages:
                invalid += 1
                errors.add(messages, index, item_id)
                if errors.total >= MAX_COUNTED:
                    break
                self._let_others_run()
            elif not invalid:
                yield item
        if errors.total:
            raise InvalidBatch(errors.listed, errors.total, invalid, len(rows), index + 1)

    def _rows(self, document: object, errors: ErrorList) -> list[Any]:
        """The array of items, as far as there is one. Other faults of the document go to ``errors``."""
        messages: dict[Any, Any] = {}
        batch = self._load_batch(document, messages)
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


def _partners_name(schema: ItemSchema) -> str:
    """The field of partners, or empty. Raises TypeError where it is undeclared, or holds no UUIDs."""
    name: str | None = getattr(schema, "partners_name", None)
    if name is None:
        raise TypeError(f"{type(schema).__name__} must say its partners_name; empty where an item names no partner")
    if name and not isinstance(schema.load_fields.get(name), Uuid | UuidList):
        raise TypeError(f"{type(schema).__name__}.partners_name must be a Uuid or a UuidList; it is {name!r}")
    return name
