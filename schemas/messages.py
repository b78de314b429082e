"""A validation message says what is allowed, with a code from one closed list."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

VALIDATION_CODES: Mapping[str, str] = MappingProxyType(
    {
        "required": "A field that must be sent is missing.",
        "null_not_allowed": "`null` was sent where only a value is allowed.",
        "unknown_field": "The contract has no field of this name.",
        "read_only": "The field exists but cannot be updated.",
        "invalid_type": "The value has the wrong JSON type.",
        "invalid_choice": "The value is not one of the allowed words.",
        "invalid_id": "The id is not a positive number of at most 20 digits.",
        "invalid_uuid": "The text is not a UUID in its 36-character form.",
        "invalid_timestamp": "The text is not a real date and time in the form `YYYY-MM-DD HH:MM:SS`.",
        "unknown_language": "The language is not one the service is set up for.",
        "too_short": "The text is shorter than allowed.",
        "too_long": "The text is longer than allowed.",
        "out_of_range": "The number is smaller or larger than allowed.",
        "too_few": "The array or object has fewer entries than allowed.",
        "too_many": "The array has more entries, or the object more names, than allowed.",
        "duplicate_value": "The entry repeats an earlier one of the same array.",
        "empty_batch": "The batch has no items.",
        "nothing_to_update": "The item names its id but no field to update.",
        "duplicate_action_id": "The item names the same action as an earlier one of the batch.",
        "partner_not_allowed": "The caller may not name this partner.",
        "select_only": "The field is allowed only where `type` is `SELECT`.",
        "options_needed": "A `SELECT` field has neither `options` nor `contextActionId`.",
        "invalid_value": "The value is not allowed for another reason, which the text gives.",
    }
)
"""Every code a validation error can carry, with its meaning for the documentation."""


class Message(str):
    """A text with its ``code``. Raises KeyError for a code that is not in VALIDATION_CODES."""

    __slots__ = ("code",)
    code: str

    def __new__(cls, code: str, text: str) -> Self:
        if code not in VALIDATION_CODES:
            raise KeyError(code)
        message = super().__new__(cls, text)
        message.code = code
        return message

    def format(self, *_args: object, **_names: object) -> Message:
        """Marshmallow formats its messages; a plain ``str`` would lose the code."""
        return self


def code_of(message: str) -> str:
    """``invalid_value`` for a message of Marshmallow's own."""
    return message.code if isinstance(message, Message) else "invalid_value"
