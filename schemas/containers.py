from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import ValidationError, fields

from schemas import acceptors, columns
from schemas.base import MAX_NAMES, TOO_MANY_NAMES
from schemas.fields import NOT_NULL, REQUIRED, ContractField, Reasons, Text, Uuid
from schemas.messages import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from marshmallow import Schema

_DUPLICATE = Message("duplicate_value", "Must not repeat an earlier entry.")


class Translations(ContractField[dict[str, str]]):
    """An object language → text of at most ``most`` characters, with at least one language."""

    def __init__(self, most: int, **options: Any) -> None:
        self._text = Text(most)
        self._most = most
        super().__init__(
            acceptors.nothing, "", {"type": "object", "additionalProperties": False, "minProperties": 1}, **options
        )

    def set_languages(self, languages: Sequence[str]) -> None:
        """No others are allowed. Call it before the first use."""
        one_of = ", ".join(languages)
        self._languages = frozenset(languages)
        self.accept_by(acceptors.texts(self._languages, self._most), columns.texts(self._languages, self._most))
        self._too_few = Message("too_few", f"Must have at least one of: {one_of}.")
        self._unknown = Message("unknown_language", f"Must be one of: {one_of}.")
        self.wrong_type = Message("invalid_type", f"Must be an object of texts by language: {one_of}.")
        # Copies of a field share their metadata, so it is replaced and not changed.
        self.metadata = {**self.metadata, "properties": {name: dict(self._text.metadata) for name in languages}}

    def explain(self, value: Any) -> Reasons:
        if type(value) is not dict:
            return self.wrong_type
        if not value:
            return self._too_few
        if len(value) > MAX_NAMES:
            return TOO_MANY_NAMES
        unknown = {language: [self._unknown] for language in value if language not in self._languages}
        return unknown | _messages(self._text, ((name, text) for name, text in value.items() if name not in unknown))


class UuidList(ContractField[list[str]]):
    """1 to ``most`` different UUIDs. Loaded in lower case."""

    def __init__(self, most: int, **options: Any) -> None:
        must = f"Must be an array of 1 to {most:,} UUIDs."
        self._most = most
        self._uuid = Uuid()
        self._too_few, self._too_many = Message("too_few", must), Message("too_many", must)
        schema = {"type": "array", "items": dict(self._uuid.metadata), "minItems": 1, "maxItems": most}
        super().__init__(acceptors.uuids(most), must, {**schema, "uniqueItems": True}, **options)
        self.accept_by(self.accept, columns.uuids(most))

    def explain(self, value: Any) -> Reasons:
        if type(value) is not list:
            return self.wrong_type
        if not 0 < len(value) <= self._most:
            return self._too_many if value else self._too_few
        return _messages(self._uuid, enumerate(value)) | repeats(map(self._uuid.accept, value))


class ObjectList(fields.List[Any]):
    """``least`` to ``most`` objects of one schema. ``most`` of None is no bound."""

    default_error_messages = {"required": REQUIRED, "null": NOT_NULL}  # noqa: RUF012 -- Marshmallow's declaration

    def __init__(
        self, schema: type[Schema] | Schema, *, most: int | None = None, least: int = 0, about: str = "", **options: Any
    ) -> None:
        self.least, self.most = least, most
        must = f"Must be an array of {self._bounds()}objects."
        self.wrong_type = Message("invalid_type", must)
        self._too_few, self._too_many = Message("too_few", must), Message("too_many", must)
        described = {"minItems": least or None, "maxItems": most, "description": about or None}
        metadata = {name: value for name, value in described.items() if value is not None}
        self._entry = fields.Nested(schema, error_messages=self.default_error_messages)
        super().__init__(self._entry, metadata=metadata, **options)

    @property
    def entry_schema(self) -> Schema:
        return self._entry.schema

    def is_sized(self, value: Any) -> bool:
        """Whether it is an array within the bounds. Entries stay unread."""
        return type(value) is list and self.least <= len(value) and (self.most is None or len(value) <= self.most)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> list[Any]:
        if self.is_sized(value):
            return super()._deserialize(value, attr, data, **options)
        if type(value) is not list:
            raise ValidationError(self.wrong_type)
        raise ValidationError(self._too_few if len(value) < self.least else self._too_many)

    def _bounds(self) -> str:
        if self.most is None:
            return f"at least {self.least} " if self.least else ""
        return f"{self.least} to {self.most:,} " if self.least else f"at most {self.most:,} "


def repeats(values: Iterable[object]) -> dict[int, list[Message]]:
    """A message for each value that repeats an earlier one, by position. None repeats nothing."""
    seen: set[object] = set()
    found = {}
    for position, value in enumerate(values):
        if value in seen:
            found[position] = [_DUPLICATE]
        elif value is not None:
            seen.add(value)
    return found


def _messages(field: ContractField[Any], values: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    """By place."""
    found: dict[Any, Any] = {}
    for place, value in values:
        if value is None:
            found[place] = [field.error_messages["null"]]
        elif field.accept(value) is None:
            found[place] = field.refusal(value)
    return found
