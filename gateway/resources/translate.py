"""Actions, public ↔ legacy (``contract.md`` section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.resources.moments import PublicTimes, unix_seconds
from schemas.actions import CATEGORIES, STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    # Public name → legacy name, and how a value becomes the core's.
    Conversions = dict[str, tuple[str, Callable[[Any], object]]]
    # Legacy name → type of a value, public name, language of a text, words of any other.
    Readings = dict[str, tuple[type, str, str, Mapping[Any, object] | None]]

_STATE_OF = {"draft": 0, "pending": 1, "active": 2, "approved": 3, "done": 4, "inactive": 9}
_UPPER = {word: word.upper() for word in CATEGORIES}
# A status without a state stops the start, not the first item that names it.
_STATES = {word: _STATE_OF[word] for word in STATUSES}
# Public name → legacy name and words.
_WORDS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "category_action": ("category", _UPPER),
    "type_action": ("type", _UPPER),
    "status": ("state", _STATES),
}
_TEXTS = ("title", "subtitle", "details")
_TIMES = {"effective_date": "effective_at", "due_date": "due_at", "expires_at": "expires_at"}

_AUTHORS = (int, str, type(None))
_HEX_AS_ZERO = bytes.maketrans(b"123456789abcdefABCDEF", b"0" * 21)
_UUID_FORM = b"00000000-0000-0000-0000-000000000000,"


class ActionTranslation:
    def __init__(self, languages: Sequence[str]) -> None:
        self._to_legacy = _to_legacy()
        self._readings = _readings(languages)
        self._legacy_texts = {name: {language: f"{name}_{language}" for language in languages} for name in _TEXTS}
        self._names = _public_names(languages)

    def to_legacy(self, item: Mapping[str, Any]) -> dict[str, object]:
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

    def from_legacy(self, action_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Only fields of the contract."""
        public: dict[str, Any] = {"actionId": action_id}
        readings, others = self._readings, _OTHERS
        for legacy_name, value in data.items():
            if legacy_name in readings:
                kind, name, language, words = readings[legacy_name]
                # True equals 1, so no table may be asked before the type.
                if type(value) is not kind:
                    self._read_otherwise(public, legacy_name, value)
                elif words is None:
                    if name in public and (texts := public[name]) is not None:
                        texts[language] = value
                    else:
                        public[name] = {language: value}
                else:
                    try:
                        public[name] = words[value]
                    except (LookupError, OverflowError):
                        self._leave_out(public, legacy_name)
            elif legacy_name in others:
                name, read = others[legacy_name]
                try:
                    public[name] = read(value)
                except ValueError:
                    self._leave_out(public, legacy_name)
        return public

    def _read_otherwise(self, public: dict[str, Any], legacy_name: str, value: object) -> None:
        """Null, or a number such as ``2.0`` (RFC 8259 section 6)."""
        kind, name, _, words = self._readings[legacy_name]
        if value is None:
            public.setdefault(name, None)
            return
        if words is None:  # no text
            self._leave_out(public, legacy_name)
            return
        try:
            public[name] = words[_whole(value) if kind is int else value]
        except (LookupError, OverflowError, TypeError):
            self._leave_out(public, legacy_name)

    def _leave_out(self, public: dict[str, Any], legacy_name: str) -> None:
        public.setdefault("unreadable", []).append(self._names[legacy_name])

    def errors_to_public(self, errors: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """By public field, else under ``other``."""
        public: dict[str, list[str]] = {}
        for name, messages in errors.items():
            public.setdefault(self._names.get(name, "other"), []).extend(messages)
        return public


def _to_legacy() -> Conversions:
    conversions: Conversions = {name: (legacy_name, words.__getitem__) for name, (legacy_name, words) in _WORDS.items()}
    conversions |= {name: (legacy_name, unix_seconds) for name, legacy_name in _TIMES.items()}
    return conversions | {"partner_ids": ("partners", ",".join)}


def _readings(languages: Sequence[str]) -> Readings:
    readings: Readings = {
        f"{name}_{language}": (str, name, language, None) for name in _TEXTS for language in languages
    }
    for name, (legacy_name, words) in _WORDS.items():
        legacy_words = {legacy: public for public, legacy in words.items()}
        readings[legacy_name] = (type(next(iter(legacy_words))), name, "", legacy_words)
    times = PublicTimes()
    return readings | {legacy_name: (int, name, "", times) for name, legacy_name in _TIMES.items()}


def _whole(value: object) -> int:
    """The integer that a number stands for. Raises LookupError."""
    if type(value) is float and value.is_integer():
        return int(value)
    raise LookupError


def _partners(joined: object) -> list[str]:
    """UUIDs. Raises ValueError."""
    if type(joined) is str:
        partners = joined.split(",")
        # A tenth of what a pattern costs.
        if joined.encode().translate(_HEX_AS_ZERO) + b"," == _UUID_FORM * len(partners):
            return partners
    if not (joined is None or joined == ""):
        raise ValueError
    return []


def _author(author: object) -> object:
    """As the core names them. Raises ValueError."""
    # A float may be a number that lost its last digits.
    if type(author) in _AUTHORS:
        return author
    raise ValueError


_OTHERS: Mapping[str, tuple[str, Callable[[object], object]]] = {
    "partners": ("partner_ids", _partners),
    "author": ("author_id", _author),
}


def _public_names(languages: Sequence[str]) -> dict[str, str]:
    public = {legacy_name: name for name, (legacy_name, _) in _WORDS.items()}
    public |= {legacy_name: name for name, legacy_name in _TIMES.items()}
    public |= {f"{name}_{language}": f"{name}.{language}" for name in _TEXTS for language in languages}
    return public | {"partners": "partner_ids", "author": "author_id", "id": "actionId"}
