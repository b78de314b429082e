"""The integration action's PUT (``contract.md`` section 2): body and answer.

Omitted ``description`` and ``inputFields`` are cleared; an omitted ``code`` is kept.
"""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from marshmallow import ValidationError, fields

from schemas.answers import AnswerSchema, about, count, unreadable
from schemas.base import InvalidDocument, StrictSchema
from schemas.compiled import compile_loader
from schemas.containers import ObjectList, repeats
from schemas.error_list import ErrorList
from schemas.fields import Choice, Flag, Text, Uuid
from schemas.messages import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.compiled import Loader

INPUT_TYPES = (
    "TEXT", "MULTI_LINE_TEXT", "NUMBER", "BOOLEAN", "SELECT", "PASSWORD", "VECTOR", "OBJECT", "FILE", "ID",
)  # fmt: skip

_MOST_FIELDS, _MOST_OPTIONS = 100, 1_000
MOST = (
    5 + _MOST_FIELDS * (10 + 3 * _MOST_OPTIONS),
    2 + _MOST_FIELDS * (2 + _MOST_OPTIONS),
    4 + _MOST_FIELDS * (8 + 2 * _MOST_OPTIONS),
)
"""JSON values, arrays and objects among them, and names that a valid body has at most; an empty array counts as two."""

_SELECT_ONLY = Message("select_only", "Only a field of type SELECT may have this.")
_OPTIONS_NEEDED = Message(
    "options_needed", "A field of type SELECT must have at least one option, or a contextActionId."
)

_NULL = {"type": "null"}
_IS_SELECT = {"properties": {"type": {"const": "SELECT"}}, "required": ["type"]}
_HAS_OPTIONS = {"properties": {"options": {"type": "array", "items": {}, "minItems": 1}}, "required": ["options"]}
_HAS_CONTEXT = {"properties": {"contextActionId": {"type": "string"}}, "required": ["contextActionId"]}
_NO_CHOICES = {"properties": {"options": _NULL, "allowMultiSelect": _NULL}}


class OptionSchema(StrictSchema):
    label = Text(255, required=True, about="What the user reads.")
    value = Text(255, required=True, about="What the action gets; unique within the field.")


class InputFieldSchema(StrictSchema):
    label = Text(100, least=1, required=True, about="What the user reads; the slug is made from it.")
    type = Choice(INPUT_TYPES, known_as="InputType", load_default="TEXT", about="What the user can enter.")
    description = Text(500, load_default="", about="Help for the user.")
    placeholder = Text(200, load_default=None, about="Shown while the field is empty.")
    required = Flag(load_default=False, about="Whether the user must fill it in.")
    options = ObjectList(
        OptionSchema,
        most=_MOST_OPTIONS,
        load_default=None,
        about="Only for SELECT, which needs these or contextActionId; no value twice.",
    )
    allowMultiSelect = Flag(load_default=None, about="Only for SELECT.")  # noqa: N815 -- contract word
    contextActionId = Uuid(load_default=None, about="The action that gives the choices.")  # noqa: N815 -- contract word
    json_schema: ClassVar[Mapping[str, object]] = MappingProxyType(
        {"if": _IS_SELECT, "then": {"anyOf": [_HAS_OPTIONS, _HAS_CONTEXT]}, "else": _NO_CHOICES}
    )

    def check(self, loaded: dict[str, Any]) -> None:
        """Only SELECT has options, and it needs a source of them. No value twice."""
        if loaded["type"] == "SELECT":
            errors = _option_errors(loaded["options"], loaded["contextActionId"])
        else:
            errors = {name: [_SELECT_ONLY] for name in ("options", "allowMultiSelect") if loaded[name] is not None}
        if errors:
            raise ValidationError(errors)


class IntegrationActionSchema(StrictSchema):
    name = Text(100, least=1, required=True, about="Unique within the integration.")
    description = Text(1_000, load_default="", about="What the action does. Left out: cleared.")
    code = Text(40_000, allow_none=True, about="JavaScript. Left out: kept; null: cleared.")
    inputFields = ObjectList(  # noqa: N815 -- contract word
        InputFieldSchema,
        most=_MOST_FIELDS,
        load_default=list,
        about="What the user enters, in order. Left out: emptied.",
    )


class OptionAnswerSchema(AnswerSchema):
    label = fields.String(required=True)
    value = fields.String(required=True)


class InputFieldAnswerSchema(AnswerSchema):
    slug = fields.String(required=True, metadata=about("camelCase, unique within the action.", examples=["userId"]))
    label = fields.String(required=True)
    type = Choice(INPUT_TYPES, known_as="InputType", required=True)
    description = fields.String(required=True)
    placeholder = fields.String(required=True, allow_none=True)
    required = Flag(required=True)
    order = count("Position in the array.", required=True)
    options = ObjectList(OptionAnswerSchema, required=True, allow_none=True)
    allowMultiSelect = Flag(required=True, allow_none=True)  # noqa: N815 -- contract word
    contextActionId = Uuid(required=True, allow_none=True)  # noqa: N815 -- contract word


class StoredIntegrationActionSchema(AnswerSchema):
    """If the core sent no body: as it was sent, without what only the core knows."""

    id = Uuid(required=True)
    name = fields.String(required=True)
    slug = fields.String(metadata=about("Set on creation; survives a rename.", examples=["getUserData"]))
    description = fields.String(required=True)
    code = fields.String(allow_none=True, metadata=about("JavaScript."))
    order = count("Position within the integration.")
    inputFields = ObjectList(InputFieldAnswerSchema, required=True)  # noqa: N815 -- contract word


class IntegrationActionAnswerSchema(AnswerSchema):
    action = fields.Nested(StoredIntegrationActionSchema, required=True)
    unreadable = unreadable()


def load_integration_action(document: object) -> dict[str, Any]:
    """Has its defaults. ``code`` is absent where it is to be kept.

    Raises InvalidDocument with every error. Their index is None.
    """
    messages: dict[Any, Any] = {}
    action = _loader()(document, messages)
    if messages:
        errors = ErrorList()
        errors.add(messages)
        raise InvalidDocument(errors.listed, errors.total)
    return action


@cache
def _loader() -> Loader:
    return compile_loader(IntegrationActionSchema())


def _option_errors(options: list[dict[str, str]] | None, context: str | None) -> dict[str, Any]:
    if not options:
        return {} if context else {"options": [_OPTIONS_NEEDED]}
    twice = repeats(option["value"] for option in options)
    return {"options": {place: {"value": messages} for place, messages in twice.items()}} if twice else {}
