from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from marshmallow.exceptions import SCHEMA

from schemas.base import ABOUT_NAMES, MAX_LISTED, FieldError
from schemas.messages import code_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_PATH = 200


class ErrorList:
    """Lists the first MAX_LISTED errors and counts all."""

    def __init__(self) -> None:
        self.listed: list[FieldError] = []
        self.total = 0

    @property
    def is_full(self) -> bool:
        """Whether further errors are only counted."""
        return len(self.listed) >= MAX_LISTED

    def add(self, messages: dict[Any, Any], index: int | None = None, item_id: str | None = None) -> int:
        """Gives their number."""
        count = _count(messages)
        self.total += count
        if not self.is_full:
            self._list(messages, index, item_id)
        return count

    def _list(self, messages: dict[Any, Any], index: int | None, item_id: str | None) -> None:
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


def _count(messages: dict[Any, Any]) -> int:
    count = 0
    for inner in messages.values():
        count += _count(inner) if type(inner) is dict else len(inner)
    return count
