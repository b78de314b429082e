"""Bodies that are dear to refuse, by name: JSON as it is, and ``gzip-`` packed."""

from __future__ import annotations

import gzip
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LARGEST = 5_242_000


def _array(unit: bytes, size: int = _LARGEST) -> bytes:
    """A batch of as many such items as fit."""
    return b'{"data":[' + b",".join([unit] * ((size - 12) // (len(unit) + 1))) + b"]}"


def _items(count: int, members: bytes) -> bytes:
    """A batch of items with further members, each with an id of its own."""
    return b'{"data":[' + b",".join(b'{"actionId":"%d",%s}' % (one, members) for one in range(1, count + 1)) + b"]}"


def _names(count: int, length: int) -> bytes:
    """One item of so many names of this length."""
    return b'{"data":[{%s}]}' % b",".join(b'"%0*d":1' % (length, number) for number in range(count))


def _padded(unit: bytes, count: int) -> bytes:
    """As many values as pass the count of them, with white space that makes the body large."""
    return _array(unit.ljust(_LARGEST // count - 1))


_BAD_PARTNERS = b'"partner_ids":[' + b",".join([b'"x"'] * 1000) + b"]"
_FOREIGN = b'"partner_ids":[' + b",".join([b'"8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00"'] * 130) + b"]"
_UNKNOWN_NAMES = b",".join(b'"n%d":1' % number for number in range(90))
_TEXT = b'"details":{"en":"%s"}' % (b"x" * 5000)
# Each is of 5 MB, or of as many values as are read at all.
DEAR: dict[str, tuple[str, Callable[[], bytes]]] = {
    "json-arrays": ("a million empty arrays", lambda: _array(b"[]")),
    "json-deep": ("arrays in arrays", lambda: _array(b"[" * 30 + b"]" * 30)),
    "json-numbers": ("two million numbers", lambda: _array(b"1")),
    "json-floats": ("a million floats", lambda: _array(b"1.5")),
    "json-floats-few": ("as many floats as are read", lambda: _padded(b"1.5", 130_000)),
    "json-long-numbers": ("as many long integers as are read", lambda: _padded(b"12345678901234567890", 130_000)),
    "json-blanks": ("names with a blank before the colon", lambda: _array(b'{"n" :1}')),
    "json-blanks-few": ("as many of these as are read", lambda: _padded(b'{"name" :1}', 4_900)),
    "json-names": ("a hundred thousand names", lambda: _names(130_000, 29)),
    "json-names-few": ("as many names as are read", lambda: _names(17_900, 280)),
    "json-unknown": ("unknown names", lambda: _items(1000, _UNKNOWN_NAMES)),
    "json-unknown-few": ("as many unknown names as are read", lambda: _items(150, _UNKNOWN_NAMES)),
    "json-partners": ("bad partner ids", lambda: _items(1000, _BAD_PARTNERS)),
    "json-partners-few": ("as many bad partner ids as are read", lambda: _items(20, _BAD_PARTNERS)),
    "json-partners-twice": ("partner ids that repeat", lambda: _items(1000, _FOREIGN)),
    "json-duplicate": ("a name twice, at the end", lambda: _items(1000, _TEXT)[:-2] + b',{"a":1,"a":1}]}'),
    "json-escapes": ("strings of escapes", lambda: _array(b'"' + b"\\u0041" * 1000 + b'"')),
    "json-a-name": ("one name of 5 MB, escaped", lambda: b'{"%s" :1}' % (b"\\u0041" * 870_000)),
    "json-commas": ("a text of commas", lambda: b'{"data":["%s"]}' % (b"," * 5_200_000)),
    "json-white": ("white space and a float", lambda: b'{"data":[1.5%s]}' % (b" " * 5_200_000)),
    "json-valid": ("whole batches of 5 MB", lambda: _items(1000, _TEXT)),
    "gzip-arrays": ("a million empty arrays, in gzip of 5 KB", lambda: gzip.compress(_array(b"[]"))),
    "gzip-members": ("gzip members of nothing", lambda: gzip.compress(b"") * 200_000),
}


@cache
def dear_body(name: str) -> bytes:
    """The body of this name, made once in a process."""
    return DEAR[name][1]()
