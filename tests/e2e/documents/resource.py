"""Documents: a resource of the bulk update."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.resources.moments import PublicTimes, unix_seconds
from gateway.resources.resource import Example, Resource
from legacy_client.operations import Operation, is_uuid, same_id, updates
from schemas.batches import BatchLoader
from tests.e2e.documents.schema import DocumentSchema, DocumentUpdateSchema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_KINDS = {"contract": "CONTRACT", "invoice": "INVOICE", "letter": "LETTER"}
_FLAGS = ("no", "yes")
_FIRST, _SECOND = "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "3f2504e0-4f89-41d3-9a0c-0305e82c3302"


class Field(NamedTuple):
    """A field between the two languages: the core's name, and how a value gets there and back.

    ``back`` raises LookupError, TypeError, ValueError or OverflowError for what the core may not send.
    """

    legacy: str
    there: Callable[[Any], object]
    back: Callable[[Any], object]


def _exactly(kind: type) -> Callable[[object], object]:
    def read(value: object) -> object:
        if type(value) is not kind:
            raise TypeError
        return value

    return read


def _word(words: Mapping[str, str]) -> Callable[[str], object]:
    return {legacy: public for public, legacy in words.items()}.__getitem__


def _flag(value: str) -> bool:
    return bool(_FLAGS.index(value))


def _ids(joined: str | None) -> list[str]:
    return joined.split(",") if joined else []


def _public_time() -> Callable[[int | None], str | None]:
    times = PublicTimes()
    return lambda seconds: None if seconds is None else times[seconds]


class DocumentTranslation:
    """Documents between the public and the core's language."""

    def __init__(self) -> None:
        """The table that both ways read."""
        self._fields = {
            "name": Field("label", str, _exactly(str)),
            "kind": Field("kind", _KINDS.__getitem__, _word(_KINDS)),
            "archived": Field("is_archived", _FLAGS.__getitem__, _flag),
            "reader_ids": Field("readers", ",".join, _ids),
            "signed_at": Field("signed", unix_seconds, _public_time()),
            "pages": Field("pages", int, _exactly(int)),
        }
        self._names = {field.legacy: name for name, field in self._fields.items()}

    def to_legacy(self, item: Mapping[str, Any]) -> dict[str, object]:
        """A valid item as the fields of the core's PATCH; what is absent stays absent."""
        changed = ((self._fields[name], value) for name, value in item.items() if name in self._fields)
        return {field.legacy: field.there(value) for field, value in changed}

    def from_legacy(self, item_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """The core's document in public words; what cannot be read is left out, and named in ``unreadable``."""
        public: dict[str, Any] = {"documentId": item_id}
        for legacy, value in data.items():
            if name := self._names.get(legacy):
                try:
                    public[name] = self._fields[name].back(value)
                except (LookupError, TypeError, ValueError, OverflowError, AttributeError):
                    public.setdefault("unreadable", []).append(name)
        return public

    def errors_to_public(self, errors: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """The core's messages by public field name; a field without one keeps its messages under ``other``."""
        public: dict[str, list[str]] = {}
        for legacy, messages in errors.items():
            public.setdefault(self._names.get(legacy, "other"), []).extend(messages)
        return public


def documents(languages: Sequence[str], max_items: int, let_others_run: Callable[[], None]) -> Resource:
    """``let_others_run`` lets others run while a large batch is validated."""
    schema = DocumentUpdateSchema(languages=languages)
    sent: list[dict[str, object]] = [
        {"documentId": _FIRST, "name": "Lease"},
        {"documentId": _SECOND, "kind": "letter", "archived": True},
    ]
    return Resource(
        path="/openapi/api/v1/documents",
        permission="BULK_UPDATE",
        schema=schema,
        updated_schema=DocumentSchema,
        loader=BatchLoader(schema, max_items, let_others_run),
        translation=DocumentTranslation(),
        operation=Operation("PATCH", updates("/documents", is_uuid), same_id),
        example=Example(sent, [{**item, "pages": 3} for item in sent]),
    )
