"""The sandbox's core with documents beside its own collections: ``--collections tests.e2e.documents.core:COLLECTIONS``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.core import collections as own
from sandbox.core.collections import UUID, Collection
from sandbox.core.fields import choice, moment, nullable, text, uuids
from sandbox.core.seed import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

IDS = [identifier(f"document {number}") for number in range(20)]
POSTER = identifier("document that the contract has no kind for")


def documents() -> Iterator[dict[str, Any]]:
    """The rows of a fresh core; the contract has no kind for the last."""
    for row_id in (*IDS, POSTER):
        kind = "POSTER" if row_id == POSTER else "LETTER"
        readers = identifier("reader")
        row = {"label": "Untitled", "kind": kind, "is_archived": "no", "readers": readers, "signed": 1_704_067_200}
        yield {"id": row_id, "title_en": "Draft", "title_fr": "Brouillon", "priority": 3, "pages": 3, **row}


COLLECTIONS = (
    *own.COLLECTIONS,
    Collection(
        "documents",
        UUID,
        {
            "label": "TEXT",
            "title_en": "TEXT",
            "title_fr": "TEXT",
            "kind": "TEXT",
            "priority": "INTEGER",
            "is_archived": "TEXT",
            "readers": "TEXT",
            "signed": "INTEGER",
            "pages": "INTEGER",
        },
        {
            "label": text(50, 1),
            "title_en": text(100),
            "title_fr": text(100),
            "kind": choice("CONTRACT", "INVOICE", "LETTER"),
            "priority": choice(*range(1, 6)),
            "is_archived": choice("no", "yes"),
            "readers": uuids,
            "signed": nullable(moment),
        },
        documents,
    ),
)
