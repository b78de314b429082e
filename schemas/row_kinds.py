"""Rows with the same names in one order are asked about together, column by column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from schemas import acceptors
from schemas.base import MAX_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.acceptors import Accept
    from schemas.columns import SurelyAll

LoadRest = Callable[[dict[str, Any], dict[Any, Any], Sequence[str]], dict[str, Any]]
"""Of a row, its errors to be filled, and the names to ask about."""

# Fewer of a kind are dearer together than one by one.
_FEWEST = 4
_SINGLE = frozenset({str, int, float, bool})
_SINGLE_OR_NULL = _SINGLE | {type(None)}


class RowKind:
    """Rows with the same names in one order.

    ``doubtful``: names whose values may not load as they are, then those that the rows lack and need.

    ``is_small``: whether no row holds more than a valid one can.
    """

    __slots__ = ("_count", "_of", "_types", "columns", "doubtful", "is_small")

    def __init__(
        self,
        of: RowKinds,
        count: int,
        columns: Mapping[str, tuple[Any, ...]],
        doubtful: Sequence[str],
        types: set[type],
    ) -> None:
        """``types`` are those of the values in doubt."""
        self._of = of
        self._count = count
        self._types = types
        self.columns = columns
        self.doubtful = doubtful
        self.is_small = len(columns) <= len(of.accepts) and types <= _SINGLE_OR_NULL

    def load(self, row: dict[str, Any], errors: dict[Any, Any]) -> dict[str, Any]:
        """What could be loaded. It fills the empty ``errors``."""
        return self._of.load_rest(row, errors, self.doubtful) if self.doubtful else row

    def wrong(self) -> tuple[int, int] | None:
        """Numbers of errors and of rows that have any. None where only a look at each tells."""
        if not (self.is_small and self._types <= _SINGLE):
            return None
        errors, invalid, answers = 0, 0, list[list[Any]]()
        for name in self.doubtful:
            values, accept = self.columns.get(name), self._of.accepts.get(name, acceptors.nothing)
            if values is None or accept is None:
                return None
            accepted = list(map(accept, values))
            # A value that holds no others has one error.
            if refused := accepted.count(None):
                errors += refused
                invalid = max(invalid, refused)
                answers.append(accepted)
        if len(answers) > 1 and invalid < self._count:
            invalid = sum(None in some for some in zip(*answers, strict=True))
        return errors, invalid


class RowKinds:
    """Those of one schema's rows."""

    def __init__(
        self,
        *,
        accepts: Mapping[str, Accept | None],
        surely_all: Mapping[str, SurelyAll],
        needed: Sequence[str],
        load_rest: LoadRest,
    ) -> None:
        """``accepts``: None of a field that only Marshmallow can ask. ``needed``: names that a row must have.

        ``load_rest`` gives what could be loaded of a row whose other names surely load as they are.
        """
        self.load_rest = load_rest
        self.accepts = accepts
        self._surely_all = surely_all
        self._needed = needed

    def of(self, rows: Sequence[Any]) -> dict[tuple[str, ...], RowKind]:
        """By names. None where one by one is cheaper, or a row is no object of 2 to MAX_NAMES names."""
        if len(rows) < _FEWEST or set(map(type, rows)) != {dict}:
            return {}
        names: list[tuple[str, ...]] = list(map(tuple, rows))
        if names.count(names[0]) == len(names):
            return {names[0]: self._kind(names[0], rows)} if 1 < len(names[0]) <= MAX_NAMES else {}
        alike = _by_names(names, rows)
        if len(alike) * _FEWEST > len(rows) or not all(1 < len(some) <= MAX_NAMES for some in alike):
            return {}
        return {some: self._kind(some, those) for some, those in alike.items()}

    def _kind(self, names: tuple[str, ...], rows: Sequence[Any]) -> RowKind:
        surely_all = self._surely_all
        columns = dict(zip(names, zip(*map(dict.values, rows), strict=True), strict=True))
        doubtful: list[str] = []
        types: set[type] = set()
        for name, values in columns.items():
            if name not in surely_all or not surely_all[name](values):
                doubtful.append(name)
                types.update(map(type, values))
        doubtful += [name for name in self._needed if name not in columns]
        return RowKind(self, len(rows), columns, doubtful, types)


def _by_names(names: list[tuple[str, ...]], rows: Sequence[Any]) -> dict[tuple[str, ...], list[Any]]:
    alike: dict[tuple[str, ...], list[Any]] = {}
    for some, row in zip(names, rows, strict=True):
        if some in alike:
            alike[some].append(row)
        else:
            alike[some] = [row]
    return alike
