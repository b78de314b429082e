"""Where a field's value stands in the core's item, as two items show that differ in it alone."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MISSING = object()
"""Stands for a value that an answer does not show."""
_SCALARS = (str, int, bool)


class _Which(NamedTuple):
    """The entry at ``position`` of the items that were shown; in any other, the first with the same ``words``."""

    position: int
    words: Mapping[str, object]


_Path = tuple["str | _Which", ...]


class FieldPlace:
    """``shown`` are two items, and in each the length of the value if it is a list.

    Raises ValueError where it stands at no place, or at more than one. A count of the list beside it is none.
    """

    def __init__(self, *shown: tuple[dict[str, Any], int]) -> None:
        (one, length), (other, other_length) = shown
        found = list(_differences(one, other, ()))
        self._counts = [path for path in found if (_at(one, path), _at(other, path)) == (length, other_length)]
        places = [path for path in found if path not in self._counts]
        if len(places) != 1:
            raise ValueError(", ".join(str(path[-1]) for path in places) or "none")
        [self._path] = places
        self._item = one

    def body(self, raw: object) -> dict[str, Any]:
        """An item with this value alone."""
        item = deepcopy(self._item)
        _set(item, self._path, raw)
        if type(raw) is list:
            for path in self._counts:
                _set(item, path, len(raw))
        return item

    def raw_in(self, data: Mapping[str, Any]) -> object:
        """``MISSING`` where it does not stand."""
        value: Any = data
        for step in self._path:
            value = _below(value, step) if isinstance(step, str) else _entry(value, step.words)
        return value


def _differences(one: Any, other: Any, path: _Path) -> Iterator[_Path]:
    """From the outside in, as far as the items are alike."""
    if one == other and type(one) is type(other):
        return
    if type(one) is type(other) is dict and one.keys() == other.keys():
        for name, value in one.items():
            yield from _differences(value, other[name], (*path, name))
        return
    words = _words_of_entries(one, other)
    if not words:
        yield path
        return
    for index, (mine, theirs) in enumerate(zip(one, other, strict=True)):
        yield from _differences(mine, theirs, (*path, _Which(index, words[index])))


def _words_of_entries(one: Any, other: Any) -> Sequence[Mapping[str, object]]:
    """By which the entries of two lists are known; empty where one of them cannot be."""
    if type(one) is not list or type(other) is not list or len(one) != len(other):
        return []
    words = [
        {name: value for name, value in mine.items() if type(value) in _SCALARS and theirs.get(name) == value}
        for mine, theirs in zip(one, other, strict=True)
        if type(mine) is type(theirs) is dict
    ]
    return words if len(words) == len(one) and all(words) else []


def _below(value: Any, name: str) -> Any:
    return value.get(name, MISSING) if type(value) is dict else MISSING


def _entry(value: Any, words: Mapping[str, object]) -> Any:
    entries = value if type(value) is list else []
    return next((each for each in entries if type(each) is dict and words.items() <= each.items()), MISSING)


def _at(item: Any, path: _Path) -> Any:
    for step in path:
        item = item[step if isinstance(step, str) else step.position]
    return item


def _set(item: Any, path: _Path, value: object) -> None:
    last = path[-1]
    _at(item, path[:-1])[last if isinstance(last, str) else last.position] = value
