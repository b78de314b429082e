from __future__ import annotations

import dataclasses
import re
from dataclasses import field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PREFIX = "GATEWAY_"

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


class Fault(NamedTuple):
    """``beside``: the other settings involved. ``value`` is shown."""

    name: str
    reason: str
    beside: tuple[str, ...] = ()
    value: str = ""


def variable(name: str) -> str:
    """``core_url`` → ``GATEWAY_CORE_URL``."""
    return PREFIX + name.upper()


def needed(group: object, *fields: str, by: str) -> Iterator[Fault]:
    for name in fields:
        if not getattr(group, name):
            yield Fault(name, f"not set, but needed by {variable(by)}={_said(getattr(group, by))}", beside=(by,))


def _said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def flag(text: str) -> bool:
    """``true``/``false``, ``1``/``0``, ``yes``/``no``, ``on``/``off``."""
    if text.lower() not in _TRUE | _FALSE:
        raise ValueError("must be true or false")
    return text.lower() in _TRUE


def names(text: str) -> tuple[str, ...]:
    """Separated by commas, without blanks."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def each(pattern: str, allowed: str, text: str) -> tuple[str, ...]:
    """Different members of the form ``pattern``, which ``allowed`` describes."""
    members = names(text)
    if not all(re.fullmatch(pattern, member) for member in members):
        raise ValueError(f"must be {allowed}")
    if len(set(members)) < len(members):
        raise ValueError("must name each once")
    return members


def one_of(*choices: str) -> Callable[[str], str]:
    """``-`` and ``_`` are the same."""

    def parse(text: str) -> str:
        word = text.lower().replace("-", "_")
        if word not in choices:
            raise ValueError(f"must be one of: {', '.join(choices)}")
        return word

    return parse


def some_of(*choices: str) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        members = names(text)
        if not set(members) <= set(choices):
            raise ValueError(f"must be some of: {', '.join(choices)}")
        return members

    return parse


def matching(pattern: str, allowed: str) -> Callable[[str], str]:
    """``allowed`` describes ``pattern`` in words."""

    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"must be {allowed}")
        return text

    return parse


def setting(
    default: Any = dataclasses.MISSING,
    *,
    parse: Callable[[str], Any] = str,
    unit: str = "",
    least: float | None = None,
    most: float | None = None,
    secret: bool = False,
    help: str,  # noqa: A002 -- the word that every reader of a settings table looks for
) -> Any:
    metadata = {"parse": parse, "unit": unit, "least": least, "most": most, "secret": secret, "help": help}
    return field(default=default, metadata=metadata, repr=not secret)
