from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from marshmallow import RAISE, Schema, ValidationError, validates_schema
from marshmallow.exceptions import SCHEMA

from schemas.messages import Message, code_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MAX_LISTED = 100
"""Validation errors listed in one answer; the others are counted."""

MAX_NAMES = 100
"""Names that an object may have: far more than any schema knows, so that what is unknown is bounded."""

ABOUT_NAMES = frozenset({"unknown_field", "unknown_language"})
"""Codes of errors whose field ends in a name that the client made up."""

_UNKNOWN = Message("unknown_field", "Unknown field.")
TOO_MANY_NAMES = Message("too_many", f"Must have at most {MAX_NAMES} names.")
_NOT_AN_OBJECT = Message("invalid_type", "Must be an object.")
_MAX_PATH = 200


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


class ErrorList:
    """Lists the first MAX_LISTED errors and counts all."""

    def __init__(self) -> None:
        self.listed: list[FieldError] = []
        self.total = 0

    def add(self, messages: Mapping[Any, Any], index: int | None = None, item_id: str | None = None) -> None:
        self.total += _count(messages)
        if len(self.listed) < MAX_LISTED:
            self._list(messages, index, item_id)

    def _list(self, messages: Mapping[Any, Any], index: int | None, item_id: str | None) -> None:
        found = islice(leaves(messages), MAX_LISTED - len(self.listed))
        self.listed += [FieldError(index, item_id, path, code_of(message), str(message)) for path, message in found]


def leaves(messages: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str | None, str]]:
    """Each message with its dotted path, None for the whole object."""
    if isinstance(messages, dict):
        for name, inner in messages.items():
            yield from leaves(inner, (*path, str(name)))
        return
    for message in messages:
        # A client may send a field named "_schema". A message about a name is not about the whole object.
        whole = path[-1:] == (SCHEMA,) and code_of(message) not in ABOUT_NAMES
        named = path[:-1] if whole else path
        yield (".".join(named)[:_MAX_PATH] if named else None), message


def _count(messages: Mapping[Any, Any]) -> int:
    count = 0
    for inner in messages.values():
        count += _count(inner) if type(inner) is dict else len(inner)
    return count
