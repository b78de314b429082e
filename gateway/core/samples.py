"""Values of each kind of field on which maps go wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.containers import Translations, UuidList
from schemas.fields import Choice, ContractField, Timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from marshmallow.fields import Field

    from schemas.batches import ItemSchema

_TEXTS = ("", "Leave approval", "Congé à 12 € \N{GRINNING FACE}", '"quoted", \\ and; more', "a\nb\tc", " a ")
_TIMES = (
    "0001-01-01 00:00:00",
    "1969-12-31 23:59:59",
    "1970-01-01 00:00:00",
    "2024-02-29 23:59:59",
    # The hour that comes twice, and the one that is left out, where clocks change in Europe and in America.
    "2024-10-27 00:30:00",
    "2024-10-27 01:30:00",
    "2024-11-03 05:30:00",
    "2024-11-03 06:30:00",
    "2024-03-31 01:30:00",
    "2038-01-19 03:14:08",
    "9999-12-31 23:59:59",
)
_UUIDS = ("8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00", "8C0A2F6E-3C7B-4A53-9D8F-0B8F3D2C1A01")


def samples(schema: ItemSchema, languages: Sequence[str]) -> Iterator[tuple[str, object]]:
    """``(field, value)``; each is valid by itself."""
    for name, field in schema.load_fields.items():
        if name != schema.id_name:
            # As they are loaded: ids in lower case.
            yield from ((name, _loaded(field, value)) for value in _of(field, languages))
            if field.allow_none:
                yield name, None


def _of(field: Field[object], languages: Sequence[str]) -> Iterator[object]:
    if isinstance(field, Choice):
        yield from (word for word in field.metadata["enum"] if word is not None)
    elif isinstance(field, Translations):
        yield from ({language: text} for language in languages for text in _TEXTS)
        yield {language: f"in {language}" for language in languages}
    elif isinstance(field, UuidList):
        yield from ([], list(_UUIDS[:1]), list(_UUIDS))
    elif isinstance(field, Timestamp):
        yield from _TIMES


def _loaded(field: Field[object], value: object) -> object:
    accepted = field.accept(value) if isinstance(field, ContractField) else None
    # An empty list is never loaded, but a core may answer one.
    return value if accepted is None else accepted
