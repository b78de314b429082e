"""Documents: a resource of the bulk update."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.resources.moments import PublicTimes, unix_seconds
from gateway.resources.resource import Example, Resource
from legacy_client.operations import Operation, is_uuid, same_id, updates
from schemas.batch_loader import BatchLoader
from tests.e2e.documents.schema import DocumentSchema, DocumentUpdateSchema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_KINDS = {"contract": "CONTRACT", "invoice": "INVOICE", "letter": "LETTER"}
_FLAGS = {False: "no", True: "yes"}
_FIRST, _SECOND = "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "3f2504e0-4f89-41d3-9a0c-0305e82c3302"


class Field(NamedTuple):
    """A field between the two languages: the core's name, and how a value gets there and back.

    ``back`` raises LookupError, TypeError, ValueError or OverflowError for what the core may not send.
    """

    legacy: str
    there: Callable[[Any], object]
    back: Callable[[object], object]


def _same(value: Any) -> Any:
    return value


def _of(kind: type, read: Callable[[Any], object] = _same) -> Callable[[object], object]:
    """Reads values of one type. Without it ``true`` would be a number, and 1.5 a time."""

    def back(value: object) -> object:
        if type(value) is not kind:
            raise TypeError
        return read(value)

    return back


def _or_null(back: Callable[[object], object]) -> Callable[[object], object]:
    return lambda value: None if value is None else back(value)


def _public(words: Mapping[Any, str]) -> Callable[[object], object]:
    """From the core's words."""
    return _of(str, {legacy: public for public, legacy in words.items()}.__getitem__)


def _ids(joined: str) -> list[str]:
    ids = joined.split(",") if joined else []
    if not all(map(is_uuid, ids)):
        raise ValueError
    return ids


class DocumentTranslation:
    """Documents between the public and the core's language."""

    def __init__(self, languages: Sequence[str]) -> None:
        """The tables that both ways read."""
        self._fields = {
            "name": Field("label", _same, _of(str)),
            "kind": Field("kind", _KINDS.__getitem__, _public(_KINDS)),
            "priority": Field("priority", _same, _of(int)),
            "archived": Field("is_archived", _FLAGS.__getitem__, _public(_FLAGS)),
            "reader_ids": Field("readers", ",".join, _of(str, _ids)),
            "signed_at": Field("signed", unix_seconds, _or_null(_of(int, PublicTimes().__getitem__))),
            "pages": Field("pages", _same, _of(int)),
        }
        self._titles = {language: f"title_{language}" for language in languages}
        self._languages = {legacy: language for language, legacy in self._titles.items()}
        self._names = {field.legacy: name for name, field in self._fields.items()}
        self._names |= {legacy: f"title.{language}" for legacy, language in self._languages.items()}

    def to_legacy(self, item: Mapping[str, Any]) -> dict[str, object]:
        """A valid item as the fields of the core's PATCH; what is absent stays absent."""
        legacy: dict[str, object] = {}
        for name, value in item.items():
            if name == "title":
                legacy |= {self._titles[language]: text for language, text in value.items()}
            elif field := self._fields.get(name):
                legacy[field.legacy] = field.there(value)
        return legacy

    def from_legacy(self, item_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """The core's document in public words; what cannot be read is left out, and named in ``unreadable``."""
        public: dict[str, Any] = {"documentId": item_id}
        for legacy, value in data.items():
            if name := self._names.get(legacy):
                try:
                    self._read(public, name, legacy, value)
                except (LookupError, TypeError, ValueError, OverflowError):
                    public.setdefault("unreadable", []).append(name)
        return public

    def _read(self, public: dict[str, Any], name: str, legacy: str, value: object) -> None:
        if field := self._fields.get(name):
            public[name] = field.back(value)
        elif value is None:  # null only where no language has a text
            public.setdefault("title", None)
        else:
            public["title"] = {**(public.get("title") or {}), self._languages[legacy]: _of(str)(value)}

    def errors_to_public(self, errors: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """The core's messages by public field name; a field without one keeps its messages under ``other``."""
        public: dict[str, list[str]] = {}
        for legacy, messages in errors.items():
            public.setdefault(self._names.get(legacy, "other"), []).extend(messages)
        return public


def documents(languages: Sequence[str], max_items: int, let_others_run: Callable[[], None]) -> Resource:
    """``languages`` are those of the titles; ``let_others_run`` lets others run while a large batch is validated."""
    schema = DocumentUpdateSchema(languages=languages)
    sent: list[dict[str, object]] = [
        {"documentId": _FIRST, "name": "Lease", "title": dict.fromkeys(languages, "Lease")},
        {"documentId": _SECOND, "kind": "letter", "priority": 2, "archived": True},
    ]
    return Resource(
        path="/openapi/api/v1/documents",
        permission="BULK_UPDATE",
        schema=schema,
        updated_schema=DocumentSchema,
        loader=BatchLoader(schema, max_items, let_others_run),
        translation=DocumentTranslation(languages),
        operation=Operation("PATCH", updates("/documents/{id}", is_uuid), same_id),
        example=Example(sent, [{**item, "pages": 3} for item in sent]),
    )
