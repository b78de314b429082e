"""The contract's scalar fields. An acceptor decides, and ``explain`` says why not.

Values come from a JSON parser, so a bool is no int here. No message repeats the value.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from marshmallow import ValidationError, fields, missing

from schemas import acceptors, columns
from schemas.messages import Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.acceptors import Accept
    from schemas.columns import SurelyAll

T = TypeVar("T")
Reasons = Message | dict[Any, Any]
Messages = list[Message] | dict[Any, Any]

REQUIRED = Message("required", "This field is required.")
NOT_NULL = Message("null_not_allowed", "Must not be null.")

TIMESTAMP_PATTERN = "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]) (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"


class ContractField(fields.Field[T], ABC):
    default_error_messages = {"required": REQUIRED, "null": NOT_NULL}  # noqa: RUF012 -- Marshmallow's declaration
    json_schema: ClassVar[Mapping[str, object]] = MappingProxyType({})
    """What its JSON Schema says beside the metadata, which apispec reads with keywords of its own choice."""

    def __init__(
        self,
        accept: Accept,
        must: str,
        json_schema: Mapping[str, object],
        *,
        about: str = "",
        known_as: str = "",
        **options: Any,
    ) -> None:
        """``must`` says what is allowed. ``known_as`` names the type in the document; one name has one JSON Schema."""
        self.accept_by(accept)
        self.known_as = known_as
        self.wrong_type = Message("invalid_type", must)
        described = {"description": about} if about else {}
        super().__init__(metadata={**json_schema, **described}, **options)

    def accept_by(self, accept: Accept, surely_all: SurelyAll | None = None) -> None:
        """``surely_all`` asks ``accept`` about many at once."""
        self.accept = accept
        self._many = accept, surely_all or columns.each(accept)

    @property
    def surely_all(self) -> SurelyAll:
        accept, surely_all = self._many
        # A field of a team's own may have set another acceptor since.
        return surely_all if accept is self.accept else columns.each(self.accept)

    @abstractmethod
    def explain(self, value: Any) -> Reasons:
        """One message, or messages by the place inside the value, where it is an array or object."""

    def refusal(self, value: Any) -> Messages:
        """The messages of the ValidationError."""
        reasons = self.explain(value)
        return reasons if isinstance(reasons, dict) else [reasons]

    def _deserialize(self, value: Any, *_where: Any, **_options: Any) -> T:
        accepted: T | None = self.accept(value)
        if accepted is None:
            raise ValidationError(self.explain(value))
        return accepted


class Choice(ContractField[str]):
    """One word of a closed list."""

    def __init__(self, words: Sequence[str], **options: Any) -> None:
        """Messages and documentation keep the order of ``words``."""
        must = f"Must be one of: {', '.join(words)}."
        self._invalid = Message("invalid_choice", must)
        # An enum of JSON Schema has to list null where null is allowed.
        null = [None] if options.get("allow_none") else []
        allowed = frozenset(words)
        super().__init__(acceptors.one_of(allowed), must, {"type": "string", "enum": [*words, *null]}, **options)
        self.accept_by(self.accept, columns.words(allowed))

    def explain(self, value: Any) -> Message:
        return self._invalid if type(value) is str else self.wrong_type


class Text(ContractField[str]):
    """A string of ``least`` to ``most`` characters (code points)."""

    def __init__(self, most: int, *, least: int = 0, **options: Any) -> None:
        must = f"Must be a string of {f'{least} to' if least else 'at most'} {most:,} characters."
        self._least, self._most = least, most
        self._too_short, self._too_long = Message("too_short", must), Message("too_long", must)
        bounds = {"minLength": least, "maxLength": most} if least else {"maxLength": most}
        super().__init__(acceptors.text(least, most), must, {"type": "string", **bounds}, **options)

    def explain(self, value: Any) -> Message:
        if type(value) is not str:
            return self.wrong_type
        return self._too_short if len(value) < self._least else self._too_long


class Timestamp(ContractField[str]):
    """A real date and time, ``YYYY-MM-DD HH:MM:SS`` in UTC, without a zone. The years are 0001 to 9999."""

    # Only of a text: a pattern on what may be null breaks generated Go.
    json_schema = MappingProxyType({"if": {"type": "string"}, "then": {"pattern": f"^{TIMESTAMP_PATTERN}$"}})

    def __init__(self, **options: Any) -> None:
        must = "Must be a real date and time (UTC) as a string in the form YYYY-MM-DD HH:MM:SS."
        self._invalid = Message("invalid_timestamp", must)
        schema = {"type": "string", "examples": ["2024-01-10 06:51:15"]}
        super().__init__(acceptors.timestamp(), must, schema, **options)
        self.accept_by(self.accept, columns.known(self.accept))

    def explain(self, value: Any) -> Message:
        return self._invalid if type(value) is str else self.wrong_type


class Uuid(ContractField[str]):
    """A UUID of any version in its 36-character form. Loaded in lower case."""

    def __init__(self, **options: Any) -> None:
        must = "Must be a UUID as a string in the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx (hexadecimal digits)."
        self._invalid = Message("invalid_uuid", must)
        # No pattern beside the format: generated clients would check it against their own UUID type.
        super().__init__(acceptors.uuid, must, {"type": "string", "format": "uuid"}, **options)
        self.accept_by(self.accept, columns.are_uuids)

    def explain(self, value: Any) -> Message:
        return self._invalid if type(value) is str else self.wrong_type


class Flag(ContractField[bool]):
    """``true`` or ``false``, and no word or number for them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(acceptors.flag, "Must be true or false.", {"type": "boolean"}, **options)

    def explain(self, value: Any) -> Message:
        return self.wrong_type


class WholeNumber(ContractField[int]):
    """An integer from ``least`` to ``most``, written without a fraction or an exponent."""

    def __init__(self, least: int, most: int, **options: Any) -> None:
        must = f"Must be a whole number from {least:,} to {most:,}."
        self._out_of_range = Message("out_of_range", must)
        super().__init__(
            acceptors.whole_number(least, most), must, {"type": "integer", "minimum": least, "maximum": most}, **options
        )

    def explain(self, value: Any) -> Message:
        return self._out_of_range if type(value) is int else self.wrong_type


class ReadOnly(ContractField[Any]):
    """A field that answers carry and requests may not, whatever its value."""

    def __init__(self, name: str, **options: Any) -> None:
        self._message = Message("read_only", f"{name} cannot be updated; leave it out.")
        super().__init__(acceptors.nothing, self._message, {}, **options)

    def deserialize(self, value: Any, *_where: Any, **_options: Any) -> Any:
        """Refuses ``null`` too."""
        if value is missing:
            return missing
        raise ValidationError(self._message)

    def explain(self, value: Any) -> Message:
        return self._message


class AnsweredTime(ReadOnly):
    """A time that answers carry and requests may not."""
