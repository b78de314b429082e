"""A batch of items of one kind (``contract.md`` 1.2): schema, array, and the loader that reports every error."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from marshmallow import ValidationError

from schemas.base import FieldError, InvalidDocument, StrictSchema
from schemas.containers import ObjectList, Translations, UuidList
from schemas.ids import FEWEST_SEGMENTS, MOST_DIGITS, NumberId, PathId
from schemas.messages import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from marshmallow.fields import Field

    Item = dict[str, Any]


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

    def __init__(
        self,
        *,
        languages: Sequence[str],
        id_digits: int = MOST_DIGITS,
        id_segments: int = FEWEST_SEGMENTS,
        **options: Any,
    ) -> None:
        """``id_digits``: the most of an id that is a number. ``id_segments``: the parts of one that is a path."""
        self._languages = tuple(languages)
        self._id_digits, self._id_segments = id_digits, id_segments
        self._nothing = Message("nothing_to_update", f"Must have at least one field besides {self.id_name}.")
        super().__init__(**options)

    def on_bind_field(self, field_name: str, field_obj: Field[Any]) -> None:
        if isinstance(field_obj, Translations):
            field_obj.set_languages(self._languages)
        elif isinstance(field_obj, NumberId) and field_name == self.id_name:
            field_obj.set_digits(self._id_digits)
        elif isinstance(field_obj, PathId) and field_name == self.id_name:
            field_obj.set_segments(self._id_segments)

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
