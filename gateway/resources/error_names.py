"""Which public field an error of the core is about, however the core names the place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway.resources.places import parts, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

OTHER = "other"
"""What an error is under that is about no field of the contract."""
# In brackets: the position in a list, or which entry it is, as in (1), [0], (EN) and [lang=en].
_IN_BRACKETS = re.compile(r"[\[(](?:[^\[\]()=]*=)?([^\[\]()=]*)[\])]")


class ErrorNames:
    """``names``: the place of a value → its public name. ``ids``: that of the id. ``wrap`` may stand before a place.

    The levels that all of ``names`` share may be left out.
    """

    def __init__(self, names: Mapping[str, str], ids: Mapping[str, str], wrap: str) -> None:
        paths = {parts(place_of(to)): name for to, name in names.items()}
        shared = _shared_levels(paths)
        below = {_spoken(path[shared:]): name for path, name in paths.items()}
        spoken = {**ids, **{_spoken(path): name for path, name in paths.items()}}
        wrapped = {f"{wrap}.{to}": name for to, name in spoken.items()}
        self._names = {**_of_levels(paths), **_of_any_entry(paths), **below, **wrapped, **spoken}
        self._deepest = max(name.count(".") + 1 for name in self._names)

    def public(self, place: str) -> str:
        """``other`` where it is about no field."""
        if place in self._names:
            return self._names[place]
        return self._near(_IN_BRACKETS.sub(r".\1", place.removeprefix("$."))) or OTHER

    def _near(self, place: str) -> str:
        """That of the value which the place is in."""
        levels = place.split(".")
        by_name = [level for level in levels if not level.isdigit()]
        # A core may tell hundreds of levels, and each look-up joins them.
        for path in (levels[: self._deepest], by_name[: self._deepest]):
            for length in range(len(path), 0, -1):
                if found := self._names.get(".".join(path[:length])):
                    return found
        return ""


def _shared_levels(paths: Iterable[Sequence[str]]) -> int:
    shared = 0
    for each in zip(*(path[:-1] for path in paths), strict=False):
        if len(set(each)) > 1:
            break
        shared += 1
    return shared


def _of_levels(paths: Mapping[tuple[str, ...], str]) -> dict[str, str]:
    """An object or list that holds values of one field alone is about that field."""
    held: dict[str, set[str]] = {}
    for path, name in paths.items():
        for length in range(1, len(path)):
            held.setdefault(_spoken(path[:length]), set()).add(name.partition(".")[0])
    return {place: next(iter(names)) for place, names in held.items() if len(names) == 1}


def _of_any_entry(paths: Mapping[tuple[str, ...], str]) -> dict[str, str]:
    """Where an entry is named by its position, or not at all, it may be that of any language."""
    return {
        ".".join(part for part in path if not part.startswith("[")): name.partition(".")[0]
        for path, name in paths.items()
        if any(part.startswith("[") for part in path)
    }


def _spoken(path: Sequence[str]) -> str:
    """An entry by its value alone."""
    return ".".join(part.strip("[]").partition("=")[2] if part.startswith("[") else part for part in path)
