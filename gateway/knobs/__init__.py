"""What a setting is: a dataclass field that knows how its text is parsed, its unit, its bounds and its meaning."""

from __future__ import annotations

import dataclasses
from dataclasses import field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


def flag(text: str) -> bool:
    """``true``/``false``, ``1``/``0``, ``yes``/``no``, ``on``/``off`` as a bool."""
    if text.lower() not in _TRUE | _FALSE:
        raise ValueError("must be true or false")
    return text.lower() in _TRUE


def names(text: str) -> tuple[str, ...]:
    """A comma-separated list as a tuple, blanks dropped."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def url(text: str) -> str:
    """An absolute http(s) URL without its trailing slash."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an http:// or https:// URL without query or fragment")
    return text.rstrip("/")


def one_of(*choices: str) -> Callable[[str], str]:
    """A parser for a closed set of words; ``-`` and ``_`` are the same."""

    def parse(text: str) -> str:
        word = text.lower().replace("-", "_")
        if word not in choices:
            raise ValueError(f"must be one of: {', '.join(choices)}")
        return word

    return parse


def knob(
    default: Any = dataclasses.MISSING,
    *,
    parse: Callable[[str], Any] = str,
    unit: str = "",
    least: float | None = None,
    most: float | None = None,
    secret: bool = False,
    help: str,  # noqa: A002 -- the word that every reader of a settings table looks for
) -> Any:
    """One setting: how its text is parsed, in which unit, within which bounds, and what it does."""
    metadata = {"parse": parse, "unit": unit, "least": least, "most": most, "secret": secret, "help": help}
    return field(default=default, metadata=metadata, repr=not secret)
