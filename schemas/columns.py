"""Whether all values of a column surely load as they are: to ask of all at once costs a third of one by one."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import chain
from operator import is_, itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.acceptors import Accept

SurelyAll = Callable[[Collection[Any]], bool]
"""Whether an acceptor gives each of one or more values back as it is. False means doubt; it never raises."""

_KEPT = 4096
# Longer lists are left to those who look at one and let others run.
_LONGEST = 16
_first = itemgetter(0)
# Of a UUID.
_DIGITS, _DASHES = b"0123456789abcdef", (8, 13, 18, 23)


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
        try:
            found = list(chain.from_iterable(map(dict.values, values)))
            size = len("".join(found))
        except TypeError:  # no object, or one that holds no text
            return False
        if not (all(values) and languages.issuperset(chain.from_iterable(values))):
            return False
        return size <= most or max(map(len, found)) <= most

    return surely_all


def uuids(most: int) -> SurelyAll:
    """Of lists of 1 to ``most`` different ones. Those that stand alone are remembered."""
    longest, accepted = min(most, _LONGEST), set[Any]()

    def surely_all(values: Collection[Any]) -> bool:
        if set(map(type, values)) != {list}:
            return False
        lengths = set(map(len, values))
        if 0 in lengths or max(lengths) > longest:
            return False
        entries = list(chain.from_iterable(values))
        if lengths != {1}:
            return are_uuids(entries) and sum(map(len, map(set, values))) == len(entries)
        if not _are_in(accepted, entries):
            if not are_uuids(entries):
                return False
            _keep(accepted, entries)
        return True

    return surely_all


def are_uuids(values: Collection[Any]) -> bool:
    """Whether all of one or more are UUIDs in lower case."""
    try:
        text = "".join(values)
    except TypeError:  # no text
        return False
    if set(map(len, values)) != {36}:
        return False
    written, dashes = text.encode(errors="replace"), b"-" * len(values)
    return written.translate(None, _DIGITS) == dashes * 4 and all(written[at::36] == dashes for at in _DASHES)


def _are_in(known_values: set[Any] | frozenset[str], values: Iterable[Any]) -> bool:
    try:
        return known_values.issuperset(values)
    except TypeError:  # an array or object, which cannot be looked up
        return False


def _keep(accepted: set[Any], values: Collection[Any]) -> None:
    if len(accepted) + len(values) > _KEPT:
        accepted.clear()
    accepted.update(values)
