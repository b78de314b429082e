"""The tables of a map, and one line for what is wrong with one: where it stands, and how to mend it."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


_LONGEST_PLACE = 120


class CoreMapError(ValueError):
    """One line: where it stands, and how to mend it."""


def parsed(text: str) -> Mapping[str, Any]:
    """Raises CoreMapError."""
    try:
        return tomllib.loads(text)
    except RecursionError as exc:
        raise CoreMapError("is not TOML that can be read: it has too many levels") from exc
    except ValueError as exc:
        # Of a number with thousands of digits it is no TOMLDecodeError.
        raise CoreMapError(f"is not TOML: {exc}") from exc


def check_keys(given: Mapping[str, Any], where: str, allowed: Collection[str], *, needed: Collection[str] = ()) -> None:
    for name in given:
        if name not in allowed:
            raise wrong(f"{where}{name}", f"is not known; allowed: {', '.join(allowed)}")
    for name in needed:
        if name not in given:
            raise wrong(f"{where}{name}", "is missing")


def table_in(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Empty where it is not there."""
    return table(document, name) if name in document else {}


def table(above: Mapping[str, Any], name: str, where: str = "") -> Mapping[str, Any]:
    found = above[name]
    if type(found) is not dict:
        raise wrong(f"{where}{name}", "must be a table")
    return found


def text_in(row: Mapping[str, Any], where: str, name: str, default: str) -> str:
    found = row.get(name, default)
    if type(found) is not str:
        raise wrong(f"{where}{name}", "must be a text")
    return found


def path_in(answers: Mapping[str, Any], name: str, default: str) -> tuple[str, ...]:
    """Where something stands in an answer; empty: the whole of it."""
    text = text_in(answers, "answers.", name, default)
    path = tuple(text.split(".")) if text else ()
    _demand_names(f"answers.{name}", path)
    return path


def wrap_in(update: Mapping[str, Any]) -> str:
    wrap = text_in(update, "update.", "wrap", "")
    _demand_names("update.wrap", wrap.split(".") if wrap else ())
    return wrap


def _demand_names(where: str, names: Sequence[str]) -> None:
    # A bracket would be meant as an entry of a list, and never be found.
    if not all(names) or any(bracket in name for name in names for bracket in "[]"):
        raise wrong(where, "must be names with a dot between levels, without brackets")


def one_of(row: Mapping[str, Any], where: str, name: str, allowed: Sequence[str], default: str) -> str:
    found = text_in(row, where, name, default)
    if found not in allowed:
        raise wrong(f"{where}{name}", f"must be one of: {', '.join(allowed)}; it is {found!r:.80}")
    return found


def is_of_64_bits(number: int) -> bool:
    """Whether JSON can carry it."""
    return -(2**63) <= number < 2**63


def wrong(where: str, mend: str) -> CoreMapError:
    # A name in quotes may hold anything, a line break too.
    shown = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in where)
    return CoreMapError(f"{shown[:_LONGEST_PLACE]} {mend}")
