from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from marshmallow import RAISE, Schema, ValidationError, validates_schema
from marshmallow.exceptions import SCHEMA

from schemas.messages import Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_LISTED = 100
"""Validation errors listed in one answer; the others are counted."""

MAX_NAMES = 100
"""Names that an object may have: far more than any schema knows, so that what is unknown is bounded."""

ABOUT_NAMES = frozenset({"unknown_field", "unknown_language"})
"""Codes of errors whose field ends in a name that the client made up."""

_UNKNOWN = Message("unknown_field", "Unknown field.")
TOO_MANY_NAMES = Message("too_many", f"Must have at most {MAX_NAMES} names.")
_NOT_AN_OBJECT = Message("invalid_type", "Must be an object.")


@dataclass(frozen=True, slots=True)
class FieldError:
    """``field`` is a dotted path, None for the whole item. ``index`` is None for the document."""

    index: int | None
    item_id: str | None
    field: str | None
    code: str
    detail: str


class InvalidDocument(ValueError):
    """``errors`` holds the first MAX_LISTED of ``errors_total``."""

    def __init__(self, errors: Sequence[FieldError], errors_total: int) -> None:
        super().__init__(f"{errors_total} validation errors")
        self.errors = list(errors)
        self.errors_total = errors_total


class StrictSchema(Schema):
    """Refuses what it does not name, with messages that carry codes."""

    error_messages = {"unknown": _UNKNOWN, "type": _NOT_AN_OBJECT}  # noqa: RUF012 -- Marshmallow's declaration
    json_schema: ClassVar[Mapping[str, object]] = MappingProxyType({})
    """What its JSON Schema says beside the fields: the rules of ``check``, as far as JSON Schema can say them."""

    class Meta:
        unknown = RAISE

    def load(self, data: Any, *how: Any, **options: Any) -> Any:
        """Raises ValidationError, also for more than MAX_NAMES names."""
        if isinstance(data, dict) and len(data) > MAX_NAMES:
            raise ValidationError({SCHEMA: [TOO_MANY_NAMES]})
        return super().load(data, *how, **options)

    def check(self, loaded: dict[str, Any]) -> None:
        """A rule over several valid fields. Raises ValidationError."""

    @validates_schema(skip_on_field_errors=True)
    def run_check(self, loaded: dict[str, Any], **_options: Any) -> None:
        self.check(loaded)
