"""Public ↔ legacy: the only file that knows both languages. Tables and pure functions (``contract.md`` section 3).

A team with another core changes this file and the client's paths, nothing else.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gateway.resources.slugs import slug, unique_slugs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    # A name in one language, then in the other, and how its value becomes the other's.
    Conversions = dict[str, tuple[str, Callable[[Any], object]]]

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 -- both sides speak UTC without a zone; an aware value costs twice as much
_UPPER = {word: word.upper() for word in ("validation", "link", "form", "todo", "schedule")}
_STATES = {"draft": 0, "pending": 1, "active": 2, "approved": 3, "done": 4, "inactive": 9}
# Public name, then legacy name and words.
_WORDS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "category_action": ("category", _UPPER),
    "type_action": ("type", _UPPER),
    "status": ("state", _STATES),
}
_TEXTS = ("title", "subtitle", "details")
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
    """Actions between the two languages, for a fixed set of human languages.

    Each way has two tables: names whose value is converted on its own, and names that texts go to or come from.
    """

    def __init__(self, languages: Sequence[str]) -> None:
        self._to_legacy = _to_legacy()
        self._from_legacy = _from_legacy()
        self._legacy_texts = {name: {language: f"{name}_{language}" for language in languages} for name in _TEXTS}
        self._public_texts = {f"{name}_{language}": (name, language) for name in _TEXTS for language in languages}
        self._names = _public_names(languages)

    def to_legacy(self, item: Mapping[str, Any]) -> dict[str, object]:
        """A validated item as the fields of the core's PATCH; what is absent stays absent."""
        legacy: dict[str, object] = {}
        conversions, texts = self._to_legacy, self._legacy_texts
        for name, value in item.items():
            if name in conversions:
                legacy_name, convert = conversions[name]
                legacy[legacy_name] = convert(value)
            elif name in texts:
                legacy_names = texts[name]
                if value is None:
                    legacy.update(dict.fromkeys(legacy_names.values()))
                    continue
                for language, text in value.items():
                    legacy[legacy_names[language]] = text
        return legacy

    def from_legacy(self, action_id: str, data: Mapping[str, Any]) -> dict[str, object]:
        """The core's action in public words; fields that the contract does not name are left out.

        Raises AttributeError, KeyError, TypeError, ValueError or OverflowError for a value the core may not send.
        """
        public: dict[str, Any] = {"actionId": action_id}
        conversions, texts = self._from_legacy, self._public_texts
        for legacy_name, value in data.items():
            if legacy_name in conversions:
                name, convert = conversions[legacy_name]
                public[name] = convert(value)
            elif legacy_name in texts:
                name, language = texts[legacy_name]
                if value is None:
                    public.setdefault(name, None)
                elif (known := public.get(name)) is None:
                    public[name] = {language: value}
                else:
                    known[language] = value
        return public

    def errors_to_public(self, errors: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """The core's messages by public field name; a field without one keeps its messages under ``other``."""
        public: dict[str, list[str]] = {}
        for name, messages in errors.items():
            public.setdefault(self._names.get(name, "other"), []).extend(messages)
        return public


def _to_legacy() -> Conversions:
    conversions: Conversions = {name: (legacy_name, words.__getitem__) for name, (legacy_name, words) in _WORDS.items()}
    conversions |= {name: (legacy_name, unix_seconds) for name, legacy_name in _TIMES.items()}
    return conversions | {"partner_ids": ("partners", ",".join)}


def _from_legacy() -> Conversions:
    conversions: Conversions = {
        legacy_name: (name, {None: None, **{legacy: public for public, legacy in words.items()}}.__getitem__)
        for name, (legacy_name, words) in _WORDS.items()
    }
    conversions |= {legacy_name: (name, public_time) for name, legacy_name in _TIMES.items()}
    return conversions | {"partners": ("partner_ids", _partners), "author": ("author_id", lambda author: author)}


def _partners(joined: str | None) -> list[str]:
    return joined.split(",") if joined else []


# Deadlines repeat within and between batches, and a look-up costs a tenth of the conversion.
@lru_cache(maxsize=4096)
def unix_seconds(text: str | None) -> int | None:
    """``2024-01-10 06:51:15`` (UTC) as Unix seconds; None stays None."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text) - _EPOCH
    return moment.days * 86_400 + moment.seconds


@lru_cache(maxsize=4096)
def public_time(seconds: int | None) -> str | None:
    """Unix seconds as ``2024-01-10 06:51:15`` (UTC). Raises TypeError or OverflowError for what is no such time."""
    return None if seconds is None else str(_EPOCH + timedelta(seconds=seconds))[:19]


def _public_names(languages: Sequence[str]) -> dict[str, str]:
    public = {legacy_name: name for name, (legacy_name, _) in _WORDS.items()}
    public |= {legacy_name: name for name, legacy_name in _TIMES.items()}
    public |= {f"{name}_{language}": f"{name}.{language}" for name in _TEXTS for language in languages}
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

    Slugs and orders that the core does not keep are made here. Raises AttributeError, KeyError, TypeError or ValueError
    for an answer without a name or with fields of another shape.
    """
    if type(data["name"]) is not str:
        raise TypeError("name")
    fields = data.get("input_fields") or []
    slugs = unique_slugs(field["label"] for field in fields)
    return {
        "id": action_id,
        "name": data["name"],
        "slug": data.get("slug") or slug(data["name"], empty="action"),
        "description": data.get("description") or "",
        "code": data.get("code"),
        "order": data.get("order") or 0,
        "inputFields": [
            _field_from_legacy(field, fallback, order)
            for order, (field, fallback) in enumerate(zip(fields, slugs, strict=True))
        ],
    }


def integration_action_as_sent(action_id: str, fields: Mapping[str, Any]) -> dict[str, object]:
    """What the core's PUT was sent, in public words, without what only the core knows: its slug, order and kept code."""
    unknown = {"slug", "order"} | ({"code"} - fields.keys())
    action = integration_action_from_legacy(action_id, fields)
    return {name: value for name, value in action.items() if name not in unknown}


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
