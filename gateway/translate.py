"""Public ↔ legacy: the only file that knows both languages. Tables and pure functions (``contract.md`` section 3).

A team with another core changes this file and the client's paths, nothing else.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gateway.slugs import slug, unique_slugs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Writer = Callable[[Any, dict[str, object]], None]
    Reader = Callable[[Any, dict[str, Any]], None]

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 -- both sides speak UTC without a zone; an aware value costs twice as much
_STATES = {"draft": 0, "pending": 1, "active": 2, "approved": 3, "done": 4, "inactive": 9}
_STATUSES = {state: status for status, state in _STATES.items()}
_UPPER = {word: word.upper() for word in ("validation", "link", "form", "todo", "schedule")}
_LOWER = {upper: word for word, upper in _UPPER.items()}
_PLAIN: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "category_action": ("category", _UPPER),
    "type_action": ("type", _UPPER),
    "status": ("state", _STATES),
}
_TRANSLATED = ("title", "subtitle", "details")
_TIMES = {"effective_date": "effective_at", "due_date": "due_at", "expires_at": "expires_at"}

_FIELD_NAMES = {
    "label": "label",
    "type": "type",
    "description": "description",
    "placeholder": "placeholder",
    "required": "required",
    "options": "options",
    "allowMultiSelect": "allow_multi_select",
    "contextActionId": "context_action_id",
}
_DEFAULTS: Mapping[str, object] = {"type": "TEXT", "description": "", "required": False}
_PUBLIC_NAMES = {legacy: public for public, legacy in _FIELD_NAMES.items()} | {"input_fields": "inputFields"}


class ActionTranslation:
    """Actions between the two languages, for a fixed set of human languages."""

    def __init__(self, languages: Sequence[str]) -> None:
        self._writers = _writers(languages)
        self._readers = _readers(languages)
        self._names = _public_names(languages)

    def to_legacy(self, item: Mapping[str, object]) -> dict[str, object]:
        """A validated item as the fields of the core's PATCH; what is absent stays absent."""
        legacy: dict[str, object] = {}
        writers = self._writers
        for name, value in item.items():
            writers[name](value, legacy)
        return legacy

    def from_legacy(self, action_id: str, data: Mapping[str, object]) -> dict[str, object]:
        """The core's action in public words; fields that the contract does not name are left out.

        Raises AttributeError, KeyError, TypeError, ValueError or OverflowError for a value the core may not send.
        """
        public: dict[str, object] = {"actionId": action_id}
        readers = self._readers
        for name, value in data.items():
            if (reader := readers.get(name)) is not None:
                reader(value, public)
        return public

    def errors_to_public(self, errors: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """The core's messages by public field name; a field without one keeps its messages under ``other``."""
        public: dict[str, list[str]] = {}
        for name, messages in errors.items():
            public.setdefault(self._names.get(name, "other"), []).extend(messages)
        return public


def _writers(languages: Sequence[str]) -> dict[str, Writer]:
    writers: dict[str, Writer] = {"actionId": lambda _value, _legacy: None, "partner_ids": _write_partners}
    for name, (legacy_name, words) in _PLAIN.items():
        writers[name] = _word_writer(legacy_name, words)
    for name in _TRANSLATED:
        writers[name] = _texts_writer({language: f"{name}_{language}" for language in languages})
    for name, legacy_name in _TIMES.items():
        writers[name] = _time_writer(legacy_name)
    return writers


def _word_writer(legacy_name: str, words: Mapping[str, object]) -> Writer:
    def write(value: str, legacy: dict[str, object]) -> None:
        legacy[legacy_name] = words[value]

    return write


def _texts_writer(legacy_names: Mapping[str, str]) -> Writer:
    cleared = dict.fromkeys(legacy_names.values())

    def write(value: Mapping[str, str] | None, legacy: dict[str, object]) -> None:
        if value is None:
            legacy.update(cleared)
            return
        for language, text in value.items():
            legacy[legacy_names[language]] = text

    return write


def _time_writer(legacy_name: str) -> Writer:
    def write(value: str | None, legacy: dict[str, object]) -> None:
        legacy[legacy_name] = None if value is None else unix_seconds(value)

    return write


def _write_partners(value: Sequence[str], legacy: dict[str, object]) -> None:
    legacy["partners"] = ",".join(value)


# Deadlines repeat within and between batches, and a look-up costs a tenth of the conversion.
@lru_cache(maxsize=4096)
def unix_seconds(text: str) -> int:
    """``2024-01-10 06:51:15`` (UTC) as Unix seconds."""
    moment = datetime.fromisoformat(text) - _EPOCH
    return moment.days * 86_400 + moment.seconds


@lru_cache(maxsize=4096)
def public_time(seconds: int) -> str:
    """Unix seconds as ``2024-01-10 06:51:15`` (UTC). Raises TypeError or OverflowError for what is no such time."""
    return str(_EPOCH + timedelta(seconds=seconds))[:19]


def _readers(languages: Sequence[str]) -> dict[str, Reader]:
    readers: dict[str, Reader] = {"partners": _read_partners, "author": _value_reader("author_id")}
    for name, legacy_name in _TIMES.items():
        readers[legacy_name] = _time_reader(name)
    for name in _TRANSLATED:
        readers |= {f"{name}_{language}": _text_reader(name, language) for language in languages}
    for name, words in (("category_action", _LOWER), ("type_action", _LOWER), ("status", _STATUSES)):
        readers[_PLAIN[name][0]] = _word_reader(name, words)
    return readers


def _value_reader(name: str) -> Reader:
    def read(value: object, public: dict[str, Any]) -> None:
        public[name] = value

    return read


def _word_reader(name: str, words: Mapping[Any, str]) -> Reader:
    def read(value: object, public: dict[str, Any]) -> None:
        public[name] = None if value is None else words[value]

    return read


def _text_reader(name: str, language: str) -> Reader:
    def read(value: str | None, public: dict[str, Any]) -> None:
        if value is None:
            public.setdefault(name, None)
        elif (texts := public.get(name)) is not None:
            texts[language] = value
        else:
            public[name] = {language: value}

    return read


def _time_reader(name: str) -> Reader:
    def read(value: int | None, public: dict[str, Any]) -> None:
        public[name] = None if value is None else public_time(value)

    return read


def _read_partners(value: str | None, public: dict[str, Any]) -> None:
    public["partner_ids"] = value.split(",") if value else []


def _public_names(languages: Sequence[str]) -> dict[str, str]:
    public = {legacy_name: name for name, (legacy_name, _) in _PLAIN.items()}
    public |= {legacy_name: name for name, legacy_name in _TIMES.items()}
    public |= {f"{name}_{language}": f"{name}.{language}" for name in _TRANSLATED for language in languages}
    return public | {"partners": "partner_ids", "author": "author_id", "id": "actionId"}


def integration_action_to_legacy(action: Mapping[str, Any]) -> dict[str, object]:
    """A validated body as the core's PUT; ``code`` stays absent where it is to be kept."""
    legacy = {name: action[name] for name in ("name", "description", "code") if name in action}
    legacy["input_fields"] = [
        {_FIELD_NAMES[name]: value for name, value in field.items()} for field in action["inputFields"]
    ]
    return legacy


def integration_action_from_legacy(action_id: str, data: Mapping[str, Any]) -> dict[str, object]:
    """The core's action with exactly the keys of the contract, in its order.

    Slugs and orders that the core does not keep are made here. Raises KeyError, TypeError or ValueError for an answer
    without a name or with fields of another shape.
    """
    fields = data.get("input_fields") or []
    slugs = unique_slugs(field["label"] for field in fields)
    return {
        "id": str(data.get("id", action_id)),
        "name": data["name"],
        "slug": data.get("slug") or slug(data["name"], empty="action"),
        "description": data.get("description") or "",
        "code": data.get("code"),
        "order": data.get("order", 0),
        "inputFields": [
            _field_from_legacy(field, fallback, order)
            for order, (field, fallback) in enumerate(zip(fields, slugs, strict=True))
        ],
    }


def integration_errors_to_public(errors: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The core's messages by public name: each part of a dotted legacy path is renamed."""
    return {
        ".".join(_PUBLIC_NAMES.get(part, part) for part in path.split(".")): list(messages)
        for path, messages in errors.items()
    }


def _field_from_legacy(field: Mapping[str, Any], fallback: str, order: int) -> dict[str, object]:
    public: dict[str, object] = {"slug": field.get("slug") or fallback}
    for name, legacy_name in _FIELD_NAMES.items():
        if name == "options":
            public["order"] = order
        value = field.get(legacy_name)
        public[name] = _DEFAULTS.get(name) if value is None else value
    return public
