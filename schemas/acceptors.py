"""Whether a value is accepted, by kind: the loaded value, or None where it is refused. None of these raises."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

Accept = Callable[[Any], Any]

UUID_PATTERN = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
TEXT_ID_PATTERN = "[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,63}"
MOST_CHARACTERS = 64
"""Of an id that is a text."""

_is_uuid = re.compile(UUID_PATTERN).fullmatch
_is_text_id = re.compile(TEXT_ID_PATTERN).fullmatch
_KEPT_TIMES = _KEPT_UUIDS = 4096


def text_id(value: Any) -> str | None:
    return value if type(value) is str and _is_text_id(value) is not None else None


def path_id(segments: int) -> Accept:
    """So many text ids with slashes between them, of at most ``MOST_CHARACTERS`` in all."""
    is_path = re.compile(path_id_pattern(segments)).fullmatch
    return lambda value: (
        value if type(value) is str and len(value) <= MOST_CHARACTERS and is_path(value) is not None else None
    )


def path_id_pattern(segments: int) -> str:
    return f"{TEXT_ID_PATTERN}(?:/{TEXT_ID_PATTERN}){{{segments - 1}}}"


def uuid(value: Any) -> str | None:
    return value.lower() if type(value) is str and _is_uuid(value) is not None else None


def flag(value: Any) -> bool | None:
    return value if type(value) is bool else None


def nothing(_value: Any) -> None:
    """Refuses every value."""


def number_id(most_digits: int) -> Accept:
    greatest = 10**most_digits - 1

    def accept(value: Any) -> str | None:
        if type(value) is str:
            if len(value) <= most_digits and value.isdigit() and value.isascii():
                return value.lstrip("0") or None
        elif type(value) is int and 0 < value <= greatest:
            return str(value)
        return None

    return accept


def one_of(words: AbstractSet[str]) -> Accept:
    def accept(value: Any) -> Any:
        try:
            return value if value in words else None
        except TypeError:  # an array or object, which cannot be looked up
            return None

    return accept


def text(least: int, most: int) -> Accept:
    def accept(value: Any) -> str | None:
        return value if type(value) is str and least <= len(value) <= most else None

    return accept


def whole_number(least: int, most: int) -> Accept:
    def accept(value: Any) -> int | None:
        return value if type(value) is int and least <= value <= most else None

    return accept


def timestamp() -> Accept:
    # The same times come again and again.
    accepted: set[str] = set()

    def accept_new(value: Any) -> str | None:
        if type(value) is not str or not _is_time(value):
            return None
        if len(accepted) >= _KEPT_TIMES:
            accepted.clear()
        accepted.add(value)
        return value

    def accept(value: Any) -> Any:
        try:
            return value if value in accepted else accept_new(value)
        except TypeError:  # an array or object, which cannot be looked up
            return None

    return accept


def _is_time(text: str) -> bool:
    # fromisoformat knows the calendar but takes other forms too, so the separators are checked first.
    # From Python 3.14 on it reads hour 24 as the next day.
    if len(text) != 19 or text[4:17:3] != "-- ::" or " 24" in text:
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def texts(languages: AbstractSet[str], most: int) -> Accept:
    """An object language → text of at most ``most`` characters."""

    def accept(value: Any) -> dict[str, str] | None:
        if type(value) is not dict or not value:
            return None
        for language, one in value.items():
            if language not in languages or type(one) is not str or len(one) > most:
                return None
        return value

    return accept


def uuids(most: int, kept: set[str] | None = None) -> Accept:
    """1 to ``most`` different ones. ``kept``: where those that were accepted are kept, up to 4,096."""
    # Those of a caller's few partners come again and again, as they are kept: in lower case.
    accepted: set[str] = set() if kept is None else kept

    def accept_new(value: list[Any]) -> list[str] | None:
        found: list[str] = []
        for entry in value:
            if type(entry) is not str or _is_uuid(entry) is None:
                return None
            found.append(entry.lower())
        if len(accepted) + len(found) > _KEPT_UUIDS:
            accepted.clear()
        if len(found) == 1:
            accepted.add(found[0])
            return found
        accepted.update(found[:_KEPT_UUIDS])
        return found if len(set(found)) == len(found) else None

    def accept(value: Any) -> list[str] | None:
        if type(value) is not list or not 0 < len(value) <= most:
            return None
        try:
            are_known = accepted.issuperset(value)
        except TypeError:  # an array or object, which cannot be looked up
            return None
        if not are_known:
            return accept_new(value)
        return value if len(value) == 1 or len(set(value)) == len(value) else None

    return accept
