from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import orjson

from legacy_client.calls import Update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from marshmallow import Schema

    from legacy_client.operations import Operation
    from schemas.batch_loader import BatchLoader
    from schemas.batches import Item, ItemSchema

    MakeResource = Callable[[Sequence[str], int, Callable[[], None]], "Resource"]

_log = logging.getLogger(__name__)


class Translation(Protocol):
    """A team's own is made with two arguments: the Translation of its map's rows, and the languages."""

    def to_legacy(self, item: Mapping[str, Any]) -> dict[str, object]:
        """What is absent stays absent."""
        ...

    def from_legacy(self, item_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """``unreadable`` lists fields left out."""
        ...

    def errors_to_public(self, errors: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """By public field name."""
        ...


class Example(NamedTuple):
    """Two or more items for the OpenAPI document."""

    sent: Sequence[Mapping[str, object]]
    updated: Sequence[Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """All that the pipeline knows of one kind of item.

    ``path``: where its batches are sent. ``permission``: what a caller must hold.
    ``updated_schema``: of an updated item.
    """

    path: str
    permission: str
    schema: ItemSchema
    updated_schema: type[Schema]
    loader: BatchLoader
    translation: Translation
    operation: Operation[Update]
    example: Example

    @property
    def name(self) -> str:
        """What one item is called, as in ``document``."""
        return self.schema.called

    @property
    def plural(self) -> str:
        return self.schema.plural

    @property
    def id_name(self) -> str:
        return self.schema.id_name

    def items(self, document: object, allowed_partners: AbstractSet[str] | None = None) -> Iterator[Item]:
        """Raises BatchTooLarge, and InvalidBatch at its end; send nothing before."""
        return self.loader.items(document, allowed_partners)

    def call(self, item: Item) -> Update:
        item_id = item[self.schema.id_name]
        try:
            return Update.of(item_id, self.translation.to_legacy(item))
        except Exception:  # noqa: BLE001 -- the others of its batch go on
            _log.exception("item_untranslatable", extra={"item_id": item_id})
            # Without a body the call fails as a fault of the gateway.
            return Update(item_id, b"")

    def shown(self, call: Update, result: Mapping[str, Any]) -> dict[str, Any]:
        """What is missing or unreadable is shown as sent."""
        translation = self.translation
        public = translation.from_legacy(call.id, result or orjson.loads(call.body))
        if "unreadable" in public:
            _restore(public, translation.from_legacy(call.id, orjson.loads(call.body)))
        return public


def _restore(public: dict[str, Any], sent: Mapping[str, Any]) -> None:
    """``unreadable`` fields as sent, and their names last."""
    names = public["unreadable"] = public.pop("unreadable")
    for path in names:
        name, _, part = path.partition(".")
        if not part:
            public.update({name: sent[name]} if name in sent else {})
        elif part in (sent.get(name) or {}):
            public[name] = {**(public.get(name) or {}), part: sent[name][part]}


def permissions_of(resources: Iterable[Resource]) -> tuple[str, ...]:
    """Each once."""
    return tuple(dict.fromkeys(resource.permission for resource in resources))
