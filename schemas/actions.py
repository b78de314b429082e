"""The body of the bulk update: each item, the batch around it, and the loader that reports every error of all items.

Source: ``contract.md`` 1.2. What comes out is in the public words: all that the client sent and nothing more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from marshmallow import ValidationError

from schemas.base import ErrorList, FieldError, InvalidDocument, StrictSchema
from schemas.compiled import compile_loader
from schemas.containers import ObjectList, Translations, UuidList
from schemas.fields import ActionId, Choice, ReadOnly, Timestamp
from schemas.messages import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from collections.abc import Set as AbstractSet

    from marshmallow.fields import Field

Shape = TypeVar("Shape")

CATEGORIES = ("validation", "link", "form", "todo", "schedule")
STATUSES = ("active", "inactive", "draft", "approved", "pending", "done")
LANGUAGES = ("en", "fr")
BREATH = 256
"""Items between two calls of ``breathe``, so that a large batch does not hold the event loop for more than 2 to 3 ms; nor
are more batches than need be taken apart at the same time, each with its objects."""

_NOTHING = Message("nothing_to_update", "Must have at least one field besides actionId.")
_EMPTY = Message("empty_batch", "Must be an array of at least one action.")
_PARTNER = Message("partner_not_allowed", "Must be a partner that the caller may name.")


class ActionUpdateSchema(StrictSchema):
    """One item of a batch: the action and the fields to change; what is left out keeps its value."""

    actionId = ActionId(required=True, about="The action to update.")  # noqa: N815 -- contract word
    category_action = Choice(CATEGORIES, about="What the action asks for.")
    type_action = Choice(CATEGORIES, about="How it is carried out.")
    status = Choice(STATUSES, about="Where the action stands.")
    title = Translations(255, about="Title by language; a language left out keeps its text.")
    subtitle = Translations(255, allow_none=True, about="Subtitle by language; null clears all.")
    details = Translations(10_000, about="Full text by language.")
    partner_ids = UuidList(1_000, about="Partners that the action concerns, all of them; none twice.")
    effective_date = Timestamp(allow_none=True, about="From when the action counts, in UTC; null clears it.")
    due_date = Timestamp(allow_none=True, about="Until when it is to be done, in UTC; null clears it.")
    expires_at = Timestamp(allow_none=True, about="When it ends, in UTC; null clears it.")
    author_id = ReadOnly("author_id", about="Cannot be updated; sending it is an error.")

    def __init__(self, *, languages: Sequence[str] = LANGUAGES, **options: Any) -> None:
        """``languages`` are those of title, subtitle and details."""
        self._languages = tuple(languages)
        super().__init__(**options)

    def on_bind_field(self, field_name: str, field_obj: Field[Any]) -> None:
        """Tell the texts their languages."""
        if isinstance(field_obj, Translations):
            field_obj.speak(self._languages)

    def check(self, loaded: dict[str, Any]) -> None:
        """An item that names an action and changes nothing is a mistake."""
        if len(loaded) < 2:
            raise ValidationError(_NOTHING)


class ActionArray(ObjectList):
    """The items of a batch; they pass unread here, for BatchLoader loads them one at a time."""

    def accept(self, value: Any) -> list[Any] | None:
        """The array as it is, or None where it is none or empty; too long a one has an answer of its own."""
        return value if type(value) is list and value else None

    def _deserialize(self, value: Any, *_where: Any, **_options: Any) -> list[Any]:
        accepted = self.accept(value)
        if accepted is None:
            raise ValidationError(_EMPTY if value == [] else self.wrong_type)
        return accepted


def batch_schema(languages: Sequence[str] = LANGUAGES, max_items: int = 1_000) -> StrictSchema:
    """The whole request body, for documentation and for the loader's first look."""

    class BatchUpdateSchema(StrictSchema):
        data = ActionArray(
            ActionUpdateSchema(languages=languages),
            least=1,
            most=max_items,
            required=True,
            about="The actions to update, each named once.",
        )

    return BatchUpdateSchema()


class InvalidBatch(InvalidDocument):
    """At least one item, or the batch itself, is invalid; nothing may be sent to the core."""

    def __init__(
        self, errors: Sequence[FieldError], errors_total: int, invalid_items: int = 0, total_items: int = 0
    ) -> None:
        """``errors`` in item order, at most MAX_LISTED of ``errors_total``."""
        super().__init__(errors, errors_total)
        self.invalid_items = invalid_items
        self.total_items = total_items


class BatchTooLarge(ValueError):
    """The batch has more items than the service takes."""

    def __init__(self, received: int, max_items: int) -> None:
        """Both count items."""
        super().__init__(f"{received} items, at most {max_items}")
        self.received = received
        self.max_items = max_items


class BatchLoader(Generic[Shape]):
    """Turns a parsed JSON document into valid items, or into every error of all of them."""

    def __init__(
        self,
        languages: Sequence[str],
        max_items: int,
        breathe: Callable[[], None],
        shape: Callable[[dict[str, object]], Shape],
    ) -> None:
        """``breathe`` is called every BREATH items, to let others run; ``shape`` makes of an item what is kept of it."""
        self._max_items = max_items
        self._breathe = breathe
        self._shape = shape
        self._load_batch = compile_loader(batch_schema(languages, max_items))
        self._load_item = compile_loader(ActionUpdateSchema(languages=languages))

    def load(self, document: object, allowed_partners: AbstractSet[str] | None = None) -> list[Shape]:
        """The items in their shape, in order. ``allowed_partners`` are the UUIDs that the caller may name; None: any.

        Raises InvalidBatch with the errors of all items, BatchTooLarge for more items than the service takes.
        """
        errors = ErrorList()
        rows = self._rows(document, errors)
        if len(rows) > self._max_items:
            raise BatchTooLarge(len(rows), self._max_items)
        partners = None if allowed_partners is None else {partner.lower() for partner in allowed_partners}
        items, invalid = self._items(rows, partners, errors)
        if errors.total:
            raise InvalidBatch(errors.listed, errors.total, invalid, len(rows))
        return items

    def _rows(self, document: object, errors: ErrorList) -> list[Any]:
        """The array of items, as far as there is one; what is wrong around it goes to ``errors``."""
        messages: dict[Any, Any] = {}
        batch = self._load_batch(document, messages)
        errors.add(messages)
        rows: list[Any] = batch.get("data", [])
        return rows

    def _items(self, rows: list[Any], partners: set[str] | None, errors: ErrorList) -> tuple[list[Shape], int]:
        """The valid items before the first invalid one, each in its shape, and how many rows are invalid."""
        items: list[Shape] = []
        invalid, shape = 0, self._shape
        seen: dict[str, int] = {}
        for index, row in enumerate(rows):
            if index and not index % BREATH:
                self._breathe()
            messages: dict[Any, Any] = {}
            item = self._load_item(row, messages)
            action_id = item.get("actionId")
            if action_id is not None and (first := seen.setdefault(action_id, index)) != index:
                messages["actionId"] = [_duplicate(first)]
            if partners is not None and not partners.issuperset(item.get("partner_ids", ())):
                messages["partner_ids"] = _foreign(item["partner_ids"], partners)
            if messages:
                invalid += 1
                errors.add(messages, index, action_id)
            elif not invalid:
                items.append(shape(item))
        return items, invalid


def _duplicate(first: int) -> Message:
    return Message("duplicate_action_id", f"Must differ from the actionId of item {first}: name each action once.")


def _foreign(partner_ids: Sequence[str], partners: AbstractSet[str]) -> dict[int, list[Message]]:
    return {place: [_PARTNER] for place, partner in enumerate(partner_ids) if partner not in partners}
