"""Whether many rows surely load as they are, asked column by column.

What is asked of all values of a column at once costs a third of what it costs one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import chain
from operator import eq, is_, itemgetter
from typing import TYPE_CHECKING, Any

from schemas.base import MAX_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from schemas.acceptors import Accept

SurelyAll = Callable[[Collection[Any]], bool]
"""Whether an acceptor gives each of one or more values back as it is. False means doubt; it never raises."""

_KEPT = 4096
# Longer lists are left to those who look at one and let others run.
_LONGEST = 16
_first = itemgetter(0)


def are_plain(rows: Sequence[Any], columns: Mapping[str, SurelyAll], needed: Iterable[str]) -> bool:
    """Whether one or more rows are objects with the same names, in one order, and each value is surely accepted as it is."""
    if set(map(type, rows)) != {dict}:
        return False
    layouts = set(map(tuple, rows))
    names: tuple[str, ...] = layouts.pop()
    if layouts or not 1 < len(names) <= MAX_NAMES or not set(names).issuperset(needed):
        return False
    for name, values in zip(names, zip(*map(dict.values, rows), strict=True), strict=True):
        if name not in columns or not columns[name](values):
            return False
    return True


def each(accept: Accept) -> SurelyAll:
    return lambda values: all(map(is_, map(accept, values), values)) and None not in values


def words(allowed: frozenset[str]) -> SurelyAll:
    return lambda values: _are_in(allowed, values)


def number_ids(most_digits: int) -> SurelyAll:
    def surely_all(values: Collection[Any]) -> bool:
        try:
            digits = "".join(values)
        except TypeError:  # a number or null
            return False
        if not (digits.isascii() and digits.isdigit()):
            return False
        lengths = set(map(len, values))
        return 0 not in lengths and max(lengths) <= most_digits and "0" not in set(map(_first, values))

    return surely_all


def known(accept: Accept) -> SurelyAll:
    """Remembers what was accepted, as the same come again and again."""
    is_accepted, accepted = each(accept), set[Any]()

    def surely_all(values: Collection[Any]) -> bool:
        if _are_in(accepted, values):
            return True
        if not is_accepted(values):
            return False
        _keep(accepted, values)
        return True

    return surely_all


def texts(languages: frozenset[str], most: int) -> SurelyAll:
    def surely_all(values: Collection[Any]) -> bool:
        if set(map(type, values)) != {dict} or not all(values):
            return False
        if not languages.issuperset(chain.from_iterable(values)):
            return False
        found = list(chain.from_iterable(map(dict.values, values)))
        return set(map(type, found)) == {str} and max(map(len, found)) <= most

    return surely_all


def uuids(accept: Accept) -> SurelyAll:
    """Of lists. Those of one UUID are remembered."""
    accepted = set[Any]()

    def surely_all(values: Collection[Any]) -> bool:
        if set(map(type, values)) != {list}:
            return False
        lengths = set(map(len, values))
        if lengths != {1}:
            return max(lengths) <= _LONGEST and all(map(eq, map(accept, values), values))
        entries = list(chain.from_iterable(values))
        if _are_in(accepted, entries):
            return True
        if not all(map(eq, map(accept, values), values)):
            return False
        _keep(accepted, entries)
        return True

    return surely_all


def _are_in(known_values: set[Any] | frozenset[str], values: Iterable[Any]) -> bool:
    try:
        return known_values.issuperset(values)
    except TypeError:  # an array or object, which cannot be looked up
        return False


def _keep(accepted: set[Any], values: Collection[Any]) -> None:
    if len(accepted) + len(values) > _KEPT:
        accepted.clear()
    accepted.update(values)
