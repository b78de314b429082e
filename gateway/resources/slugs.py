from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# Letters that Unicode does not split into a base letter and an accent.
_FOLDED = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"}
)


def slug(label: str, *, empty: str = "field") -> str:
    """camelCase in ASCII (``contract.md`` section 2): ``User ID`` → ``userId``; ``empty`` where nothing is left."""
    folded = unicodedata.normalize("NFKD", label.translate(_FOLDED)).encode("ascii", "ignore").decode()
    words = [word.lower() for word in _WORDS.findall(folded)]
    return "".join(words[:1] + [word.capitalize() for word in words[1:]]) or empty


def unique_slugs(labels: Iterable[str], *, taken: Iterable[str] = ()) -> list[str]:
    """Numbered from 2 where one is taken."""
    slugs: list[str] = []
    taken = set(taken)
    for label in labels:
        free = plain = slug(label)
        number = 2
        while free in taken:
            free = f"{plain}{number}"
            number += 1
        taken.add(free)
        slugs.append(free)
    return slugs
