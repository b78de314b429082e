"""Where a value stands in the core's item: names with a dot between levels, and entries of lists."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from legacy_client.sending.texts import word_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MISSING: Any = object()
"""What stands where there is nothing."""
_LONGEST = 500
# Dots in brackets would be levels.
_ENTRY = re.compile(r"([^\[\]]+)\[([^\[\]=]+)=([^\[\]]+)\]").fullmatch


class Entry(NamedTuple):
    """The object of the list ``listed`` whose ``name`` is ``value``."""

    listed: str
    name: str
    value: str

    def made_in(self, level: dict[str, Any]) -> dict[str, Any]:
        entries: list[dict[str, Any]] = level.setdefault(self.listed, [])
        for entry in entries:
            if entry.get(self.name) == self.value:
                return entry
        entries.append({self.name: self.value})
        return entries[-1]

    def found_in(self, level: Mapping[str, Any]) -> Any:
        entries = level.get(self.listed)
        for entry in entries if type(entries) is list else ():
            # A core may answer the number of a text.
            if type(entry) is dict and word_of(entry.get(self.name)) == self.value:
                return entry
        return MISSING


Place = tuple[str | Entry, ...]


def place_of(to: str) -> Place:
    """Raises ValueError for what is no place."""
    # Thousands of levels take minutes at the start.
    if len(to) > _LONGEST:
        raise ValueError
    place = tuple(_level(each) for each in to.split("."))
    if type(place[-1]) is not str:
        raise ValueError
    if any(type(each) is Entry and each.name == below for each, below in pairwise(place)):
        raise ValueError
    return place


def parts(place: Place) -> tuple[str, ...]:
    """An entry is two: its list, and which one."""
    return tuple(
        part
        for each in place
        for part in ((each,) if isinstance(each, str) else (each.listed, f"[{each.name}={each.value}]"))
    )


def meet(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether one would take the place of the other, or of what holds it. Both are parts."""
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            # What is a list for one cannot be an object for the other.
            return mine.startswith("[") != theirs.startswith("[")
    return True


def put(legacy: dict[str, Any], place: Place, value: object) -> None:
    level: dict[str, Any] = legacy
    *above, last = place
    for each in above:
        level = level.setdefault(each, {}) if isinstance(each, str) else each.made_in(level)
    level[str(last)] = value


def standing_at(data: Any, place: Place) -> Any:
    """``MISSING`` where a level is not there, or is no object."""
    level: Any = data
    for each in place:
        if type(level) is not dict:
            return MISSING
        level = level.get(each, MISSING) if isinstance(each, str) else each.found_in(level)
    return level


def _level(text: str) -> str | Entry:
    """Raises ValueError."""
    if found := _ENTRY(text):
        return Entry(*found.groups())
    if not text or "[" in text or "]" in text:
        raise ValueError
    return text
