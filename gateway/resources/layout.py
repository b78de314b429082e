"""The core's item with its levels and lists, and the same fields by their places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.resources.places import MISSING, Entry, put, standing_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.resources.places import Place


def layout_of(
    places: Mapping[str, Place], nulls: Mapping[str, object], counts: Mapping[str, Place]
) -> Levels | Layout | None:
    """By the text of each place: ``places``, the core's words for null, and places of counts.

    None where all names are plain.
    """
    levels = {to: [*map(str, place)] for to, place in places.items() if not any(type(each) is Entry for each in place)}
    listed = {to: place for to, place in places.items() if to not in levels}
    in_levels = Levels({to: path for to, path in levels.items() if len(path) > 1})
    if listed or nulls or counts:
        return Layout(in_levels, listed, nulls, counts)
    return in_levels if in_levels.has_any else None


class Levels:
    """``a.b`` is ``b`` in the object ``a``."""

    def __init__(self, paths: Mapping[str, Sequence[str]]) -> None:
        self._paths = paths

    @property
    def has_any(self) -> bool:
        return bool(self._paths)

    def laid_out(self, flat: Mapping[str, object]) -> dict[str, object]:
        legacy: dict[str, object] = {}
        paths = self._paths
        for to, value in flat.items():
            level: Any = legacy
            *above, last = paths.get(to, (to,))
            for each in above:
                level = level.setdefault(each, {})
            level[last] = value
        return legacy

    def flattened(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Beside what stands at the top. An object that is not there has no fields."""
        flat = dict(data)
        for to, path in self._paths.items():
            level: Any = data
            for each in path:
                level = level.get(each, MISSING) if type(level) is dict else MISSING
            if level is not MISSING:
                flat[to] = level
        return flat


class Layout:
    """Levels, ``listed`` places in entries of lists, words for null, and counts beside lists."""

    def __init__(
        self,
        levels: Levels,
        listed: Mapping[str, Place],
        nulls: Mapping[str, object],
        counts: Mapping[str, Place],
    ) -> None:
        self._levels = levels
        self._listed = listed
        self._nulls = nulls
        self._counts = counts

    def laid_out(self, flat: Mapping[str, object]) -> dict[str, object]:
        """Raises ValueError for a value that the core would take for null."""
        worded = {to: self._written(to, value) for to, value in flat.items()}
        listed = [(self._listed[to], worded.pop(to)) for to in flat if to in self._listed]
        legacy = self._levels.laid_out(worded)
        for place, value in listed:
            put(legacy, place, value)
        for to, place in self._counts.items():
            if to in flat:
                put(legacy, place, _count(flat[to]))
        return legacy

    def flattened(self, data: Mapping[str, Any]) -> dict[str, Any]:
        flat = self._levels.flattened(data)
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
