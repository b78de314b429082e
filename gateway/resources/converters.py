"""The closed set of conversions of a value, each with its inverse."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_HEX_AS_ZERO = bytes.maketrans(b"123456789abcdefABCDEF", b"0" * 21)
_UUID_FORM = b"00000000-0000-0000-0000-000000000000"
_HEX_FORM = b"0" * 32
_UUID_PARTS = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
_INTEGER = re.compile(r"-?[0-9]{1,20}").fullmatch
_DECIMAL = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?").fullmatch
# What an answer of ours can hold.
_LEAST, _MOST = -(2**63), 2**64 - 1
_KEPT_FORMS = 16
# Texts of UUIDs, and the characters of each.
_KEPT_TEXTS, _MOST_KEPT = 1024, 400


class Conversion(NamedTuple):
    """``write`` gives the core's value, ``read`` the public one; ``read`` raises ValueError for what it is none of.

    Where there is a ``table``, values of the type ``kind`` are looked up in it. It raises LookupError or OverflowError.
    """

    write: Callable[[Any], object]
    read: Callable[[object], object]
    kind: type = object
    table: Mapping[Any, object] | None = None


def by_words(words: Mapping[Any, Any], read: Mapping[Any, Any] | None = None) -> Conversion:
    """Public word → the core's, which are of one type. ``read``: the core's → public; None: the inverse."""
    public = {legacy: word for word, legacy in words.items()} if read is None else read
    return Conversion(words.__getitem__, looked_up(public), type(next(iter(public))), public)


def as_sent() -> Conversion:
    """An answer's value as the core names it."""
    return Conversion(unchanged, _named)


def or_null(conversion: Conversion) -> Conversion:
    """Null is null on both sides."""
    write, read = conversion.write, conversion.read
    return conversion._replace(
        write=lambda value: None if value is None else write(value),
        read=lambda value: None if value is None else read(value),
    )


def texts_as_sent() -> Conversion:
    return _typed(str)


def flags_as_sent() -> Conversion:
    return _typed(bool)


def numbers_as_sent() -> Conversion:
    return _typed(int)


def integers() -> Conversion:
    """Whole numbers; the core may answer their digits as a text."""

    def read(value: object) -> object:
        if value is None or type(value) is int:
            return value
        if type(value) is str and _INTEGER(value) and _LEAST <= (number := int(value)) <= _MOST:
            return number
        raise ValueError

    return Conversion(unchanged, read)


def decimals() -> Conversion:
    """The core's number is a text, like ``12.5``; it may answer a number."""

    def write(value: object) -> object:
        # Without an exponent.
        return value if value is None else format(Decimal(str(value)), "f")

    def read(value: object) -> object:
        if value is None or type(value) in (int, float):
            return value
        if type(value) is str and _DECIMAL(value):
            return float(value) if "." in value else int(value)
        raise ValueError

    return Conversion(write, read)


def uuids_in_case(change: Callable[[str], str]) -> Conversion:
    """Publicly in lower case."""

    def read(value: object) -> str:
        if type(value) is not str:
            raise ValueError
        return _a_uuid(value).lower()

    return Conversion(change, read)


def uuids_in_hex(change: Callable[[str], str]) -> Conversion:
    """32 digits, without dashes."""

    def write(value: str) -> str:
        return change(value.replace("-", ""))

    def read(value: object) -> str:
        if type(value) is not str or value.encode().translate(_HEX_AS_ZERO) != _HEX_FORM:
            raise ValueError
        digits = value.lower()
        return "-".join(digits[start:end] for start, end in _UUID_PARTS)

    return Conversion(write, read)


def each_of(conversion: Conversion, each: Conversion | None) -> Conversion:
    """A list whose values are each converted too; None: they are UUIDs as they are."""
    if each is None:
        return conversion._replace(read=lambda values: [_a_uuid(value) for value in _texts(conversion.read(values))])
    outer, inner = conversion, each
    return Conversion(
        lambda values: outer.write([inner.write(value) for value in values]),
        lambda values: [inner.read(value) for value in _texts(outer.read(values))],
    )


def listed_at(path: Sequence[str]) -> Conversion:
    """Each of a list stands at ``path`` in an object of its own."""

    def write(values: Sequence[str]) -> list[object]:
        return [_within(path, value) for value in values]

    def read(values: object) -> Sequence[str]:
        if values is None:
            return []
        if type(values) is not list:
            raise ValueError
        return _texts([_standing_at(path, value) for value in values])

    return Conversion(write, read)


def as_list() -> Conversion:
    return Conversion(unchanged, _texts)


def joined(separator: str) -> Conversion:
    """UUIDs in one text."""
    forms: dict[int, bytes] = {}  # by length

    def form_of(length: int) -> bytes:
        count = (length + len(separator)) // (len(_UUID_FORM) + len(separator))
        form = separator.encode().join([_UUID_FORM] * count)
        if len(forms) < _KEPT_FORMS:
            forms[length] = form
        return form

    # Those of a caller's few partners come again and again.
    known: dict[object, list[str]] = {}

    def read(text: object) -> list[str]:
        try:
            return known[text]
        except (KeyError, TypeError):
            return read_new(text)

    def read_new(text: object) -> list[str]:
        if text is None or text == "":
            return []
        # A tenth of what a pattern costs.
        if type(text) is str and text.encode().translate(_HEX_AS_ZERO) == (forms.get(len(text)) or form_of(len(text))):
            values = text.split(separator)
            if len(text) <= _MOST_KEPT:
                if len(known) >= _KEPT_TEXTS:
                    known.clear()
                known[text] = values
            return values
        raise ValueError

    return Conversion(separator.join, read)


def joined_each(separator: str, each: Conversion) -> Conversion:
    """UUIDs in another spelling, in one text."""

    def write(values: Sequence[str]) -> str:
        return separator.join(str(each.write(value)) for value in values)

    def read(text: object) -> list[object]:
        if text is None or text == "":
            return []
        if type(text) is not str:
            raise ValueError
        return [each.read(value) for value in text.split(separator)]

    return Conversion(write, read)


def looked_up(table: Mapping[Any, object]) -> Callable[[object], object]:
    return table.__getitem__


def unchanged(value: object) -> object:
    return value


def _named(value: object) -> object:
    # A float may be a number that lost its last digits.
    if type(value) in (int, str, type(None)):
        return value
    raise ValueError


def _typed(kind: type) -> Conversion:
    def read(value: object) -> object:
        if type(value) is kind:
            return value
        raise ValueError

    return Conversion(unchanged, read)


def _within(path: Sequence[str], value: object) -> object:
    for name in reversed(path):
        value = {name: value}
    return value


def _standing_at(path: Sequence[str], value: Any) -> object:
    for name in path:
        value = value.get(name) if type(value) is dict else None
    return value


def _a_uuid(text: str) -> str:
    """In any case. Raises ValueError."""
    if text.encode().translate(_HEX_AS_ZERO) != _UUID_FORM:
        raise ValueError
    return text


def _texts(value: object) -> Sequence[str]:
    if value is None:
        return []
    if type(value) is not list or any(type(each) is not str for each in value):
        raise ValueError
    return value
