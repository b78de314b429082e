"""The core's item with its levels and lists, and the same fields by their places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.resources.places import MISSING, Entry, put, standing_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.resources.places import Place


class Layout:
    """By the text of each place: ``places`` that are no plain names, words for null, and places of counts."""

    def __init__(self, places: Mapping[str, Place], nulls: Mapping[str, object], counts: Mapping[str, Place]) -> None:
        self._levels = {to: place for to, place in places.items() if not any(type(each) is Entry for each in place)}
        self._listed = {to: place for to, place in places.items() if to not in self._levels}
        self._nulls = nulls
        self._counts = counts

    def laid_out(self, flat: Mapping[str, object]) -> dict[str, object]:
        """Raises ValueError for a value that the core would take for null."""
        if self._nulls:
            flat = {to: self._written(to, value) for to, value in flat.items()}
        legacy: dict[str, object] = {}
        if self._listed:
            flat = self._put_listed(legacy, flat)
        levels = self._levels
        for to, value in flat.items():
            level: Any = legacy
            *above, last = levels.get(to, (to,))
            for each in above:
                level = level.setdefault(each, {})
            level[last] = value
        for to, place in self._counts.items():
            if to in flat:
                put(legacy, place, _count(flat[to]))
        return legacy

    def _put_listed(self, legacy: dict[str, object], flat: Mapping[str, object]) -> dict[str, object]:
        """The others are returned."""
        others = dict(flat)
        for to in flat:
            if to in self._listed:
                put(legacy, self._listed[to], others.pop(to))
        return others

    def flattened(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Beside what stands at the top. An object that is not there has no fields."""
        flat = dict(data)
        for to, path in self._levels.items():
            level: Any = data
            for each in path:
                level = level.get(each, MISSING) if type(level) is dict else MISSING
            if level is not MISSING:
                flat[to] = level
        for to, place in self._listed.items():
            if (found := standing_at(data, place)) is not MISSING:
                flat[to] = found
        for to, word in self._nulls.items():
            if _is(flat.get(to), word):
                flat[to] = None
        return flat

    def _written(self, to: str, value: object) -> object:
        if to not in self._nulls:
            return value
        word = self._nulls[to]
        if value is None:
            return word
        # An empty text that clears is what was asked for. Any other word means something else to partners.
        if word != "" and _is(value, word):
            raise ValueError(f"{word!r} is the core's word for null")
        return value


def _count(value: object) -> int:
    return len(value) if isinstance(value, list) else 0


def _is(value: object, word: object) -> bool:
    # True equals 1.
    return value == word and type(value) is type(word)
