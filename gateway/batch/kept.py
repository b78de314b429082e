"""What a record says of each item of its batch (``contract.md`` 1.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.batch.outcome import restored
from gateway.item_codes import Applied

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gateway.admission.idempotency.journal import Entry
    from gateway.batch.item_errors import ItemErrors
    from gateway.batch.outcome import Outcome


def kept_outcomes(entries: Mapping[int, Entry], item_ids: Sequence[str], errors: ItemErrors) -> Iterator[Outcome]:
    """In input order, as they were answered."""
    for index, item_id in enumerate(item_ids):
        entry = entries.get(index)
        if entry is not None and entry.payload:
            yield restored(entry.payload)
        else:
            yield errors.interrupted(item_id, _applied(entry))


def is_complete(entries: Mapping[int, Entry], items: int) -> bool:
    """Whether every item is final, so that a repeat sends nothing."""
    return len(entries) == items and all(entry.state == "final" for entry in entries.values())


def _applied(entry: Entry | None) -> Applied:
    if entry is None:
        return Applied.NOT_SENT
    return Applied.UNKNOWN if entry.state == "unknown" else Applied.NOT_APPLIED
