"""The kinds of ids, beside UUIDs."""

from __future__ import annotations

from typing import Any

from schemas import acceptors, columns
from schemas.acceptors import MOST_CHARACTERS, TEXT_ID_PATTERN, path_id_pattern
from schemas.fields import ContractField
from schemas.messages import Message

MOST_DIGITS = 20
"""Of an id that is a number."""
FEWEST_SEGMENTS = 2
"""Of an id that is a path."""


class NumberId(ContractField[str]):
    """1 to ``MOST_DIGITS`` digits, or a positive integer of as many. Loaded as digits without leading zeros."""

    def __init__(self, **options: Any) -> None:
        super().__init__(acceptors.nothing, "", {"anyOf": [], "examples": ["19353"]}, **options)
        self.set_digits(MOST_DIGITS)

    def set_digits(self, most: int) -> None:
        """No id has more of them, zeros counted. Call it before the first use."""
        must = f"Must be a positive number as a string of 1 to {most} digits."
        self.wrong_type, self._invalid = Message("invalid_type", must), Message("invalid_id", must)
        self.accept_by(acceptors.number_id(most), columns.number_ids(most))
        text = {"type": "string", "pattern": "^0*[1-9][0-9]*$", "minLength": 1, "maxLength": most}
        number = {"type": "integer", "minimum": 1, "maximum": 10**most - 1}
        # Copies of a field share their metadata, so it is replaced and not changed.
        self.metadata = {**self.metadata, "anyOf": [text, number]}

    def explain(self, value: Any) -> Message:
        return self._invalid if type(value) in {str, int} else self.wrong_type


class TextId(ContractField[str]):
    """1 to 64 letters, digits, ``.``, ``_``, ``~`` and ``-``, without a dot in front. Case counts."""

    def __init__(self, **options: Any) -> None:
        must = "Must be a string of 1 to 64 letters, digits, '.', '_', '~' or '-', without a dot in front."
        self._invalid = Message("invalid_id", must)
        schema = {"type": "string", "pattern": f"^{TEXT_ID_PATTERN}$", "minLength": 1, "maxLength": 64}
        super().__init__(acceptors.text_id, must, schema, **options)

    def explain(self, value: Any) -> Message:
        return self._invalid if type(value) is str else self.wrong_type


class PathId(ContractField[str]):
    """Text ids with slashes between them, always as many, of at most 64 characters in all. Case counts."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            acceptors.nothing, "", {"type": "string", "minLength": 3, "maxLength": MOST_CHARACTERS}, **options
        )
        self.set_segments(FEWEST_SEGMENTS)

    def set_segments(self, count: int) -> None:
        """Each id has so many. Call it before the first use."""
        must = (
            f"Must be a string of {count} parts with '/' between them, each of letters, digits, '.', '_', '~' or '-', "
            f"without a dot in front, of at most {MOST_CHARACTERS} characters in all."
        )
        self.wrong_type, self._invalid = Message("invalid_type", must), Message("invalid_id", must)
        self.accept_by(acceptors.path_id(count))
        # Copies of a field share their metadata, so it is replaced and not changed.
        self.metadata = {**self.metadata, "pattern": f"^{path_id_pattern(count)}$", "minLength": 2 * count - 1}

    def explain(self, value: Any) -> Message:
        return self._invalid if type(value) is str else self.wrong_type
