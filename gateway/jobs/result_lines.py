"""A line of a job's results (``contract.md`` 1.6): written once, stored and sent as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import orjson

from gateway.batch.outcome import ItemError
from gateway.item_codes import Applied

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.batch.outcome import Outcome

Kind = Literal["applied", "failed", "unknown", "unprocessed"]


@dataclass(frozen=True, slots=True)
class ResultLine:
    """``index`` counts over all parts, from 0; ``line`` in its part, from 1. ``outcome`` None: not processed."""

    index: int
    part: int
    line: int
    item_id: str
    outcome: Outcome | None

    @property
    def kind(self) -> Kind:
        return "unprocessed" if self.outcome is None else kind_of(self.outcome)


class ChunkLines:
    """The lines of one chunk, by offset. ``ids`` are those of its items.

    ``id_name`` is the field of an id, ``name`` what an item is called.
    """

    def __init__(self, ids: Sequence[str], *, first_index: int, part: int, line: int, id_name: str, name: str) -> None:
        """``line`` of the first item counts from 0."""
        self.first_index = first_index
        self._ids = ids
        self._part = part
        self._first_line = line + 1
        self._id_name = id_name
        # Most items are applied, and a line put together from bytes takes a third of the time.
        self._applied = b'{"index":%%d,"part":%d,"line":%%d,"%b":%%b,"outcome":"applied","%b":%%b}\n' % (
            part,
            id_name.encode(),
            name.encode(),
        )

    def text(self, outcomes: Iterable[tuple[int, Outcome]]) -> bytes:
        """Of outcomes by offset, in their order."""
        applied, ids, dumps = self._applied, self._ids, orjson.dumps
        index, number = self.first_index, self._first_line
        forms: list[bytes] = []
        values: list[object] = []
        # All are formatted at once, since a line of its own for each would be copied once more.
        for offset, outcome in outcomes:
            if isinstance(outcome, ItemError):
                forms.append(b"%b")
                values.append(self._failed(offset, outcome))
            else:
                forms.append(applied)
                values += (index + offset, number + offset, dumps(ids[offset]), outcome)
        return b"".join(forms) % tuple(values)

    def _failed(self, offset: int, error: ItemError) -> bytes:
        index, item_id = self.first_index + offset, self._ids[offset]
        told = {
            "index": index,
            "part": self._part,
            "line": self._first_line + offset,
            self._id_name: item_id,
            "outcome": kind_of(error),
            "error": error.body(index, self._id_name, item_id),
        }
        return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


def kind_of(outcome: Outcome) -> Kind:
    if not isinstance(outcome, ItemError):
        return "applied"
    return "unknown" if outcome.outcome is Applied.UNKNOWN else "failed"


def read_line(text: bytes) -> ResultLine:
    """Raises ValueError."""
    try:
        index, part, line, item_id, kind, told = orjson.loads(text).values()
        outcome = orjson.dumps(told) if kind == "applied" else ItemError.told(told)
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise ValueError("not a line of results") from exc
    return ResultLine(index, part, line, item_id, outcome)


def kind_in(text: bytes) -> Kind:
    """Raises ValueError."""
    kind: Kind = orjson.loads(text)["outcome"]
    return kind
