"""What the core patches by id. Routes, tables and seeds are made from it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from sandbox.core import seed
from sandbox.core.fields import ACTION_RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sandbox.core.database import Row
    from sandbox.core.fields import Rule

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TEXTS = ("title", "subtitle", "details")


class IdKind(NamedTuple):
    """A kind of id: its column's type, and its parser for paths. None: no such id."""

    column: str
    read: Callable[[str], int | str | None]


class Collection(NamedTuple):
    """Served at ``/{name}/{id}`` and kept in the table ``name``.

    ``columns`` are those beside the id, with their SQL types. ``rules`` are for the fields that a call may change.
    ``seed`` gives the rows of a fresh core, each with its id.
    """

    name: str
    id: IdKind
    columns: Mapping[str, str]
    rules: Mapping[str, Rule]
    seed: Callable[[], Iterable[Row]]


def _number(text: str) -> int | None:
    # SQLite's integers have 64 bits.
    return int(text) if text.isdecimal() and len(text) <= 18 else None


def _uuid(text: str) -> str | None:
    return text.lower() if _UUID.fullmatch(text.lower()) else None


NUMBER = IdKind("INTEGER", _number)
UUID = IdKind("TEXT", _uuid)

COLLECTIONS = (
    Collection(
        "actions",
        NUMBER,
        {
            "category": "TEXT",
            "type": "TEXT",
            "state": "INTEGER",
            **{f"{name}_{language}": "TEXT" for name in _TEXTS for language in ("en", "fr")},
            "partners": "TEXT",
            "effective_at": "INTEGER",
            "due_at": "INTEGER",
            "expires_at": "INTEGER",
            "author": "TEXT",
        },
        ACTION_RULES,
        seed.actions,
    ),
)
"""All of them."""
