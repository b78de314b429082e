"""Items, public ↔ legacy, by the rows of a map (``contract.md`` section 3)."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gateway.resources.error_names import ErrorNames
from gateway.resources.field_rows import KEY
from gateway.resources.layout import layout_of
from gateway.resources.places import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gateway.resources.field_rows import FieldRow
    from gateway.resources.layout import Layout, Levels

    # Legacy name → type of a value, public name, language of a text, words of any other.
    Readings = dict[str, tuple[type, str, str, Mapping[Any, object] | None]]
    # Legacy name → public name, and how a value is read.
    Others = dict[str, tuple[str, Callable[[object], object]]]

_AS_THEY_ARE: Mapping[str, str] = MappingProxyType({})


class MappedTranslation:
    """``id_name`` is the public field of the id, which answers have first; ``id_at`` is the core's name of it.

    ``spelt``: how the core names a language, if otherwise.
    The core may tell errors by names within ``wrap`` too, or without the levels that all names share.
    """

    def __init__(
        self,
        rows: Sequence[FieldRow],
        id_name: str,
        languages: Sequence[str],
        wrap: str = "",
        *,
        id_at: str = "id",
        spelt: Mapping[str, str] = _AS_THEY_ARE,
    ) -> None:
        self._id_name = id_name
        # Public name → legacy name, and how a value becomes the core's.
        self._to_legacy = {
            row.name: (row.to, row.conversion.write) for row in rows if row.conversion and not row.is_of_answers
        }
        self._legacy_texts = {
            row.name: {language: row.to.replace(KEY, spelt.get(language, language)) for language in languages}
            for row in rows
            if not row.conversion
        }
        self._readings, self._others = self._text_readings() | _readings(rows), _others(rows)
        self._names = self._text_names() | {row.to: row.name for row in rows if row.conversion}
        ids = dict.fromkeys(("id", id_at.rpartition(".")[2], id_at), id_name)
        self._errors = ErrorNames({**self._names, **_count_names(rows)}, ids, wrap)
        self._layout = self._made_layout(rows)

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
        return self._layout.laid_out(legacy) if self._layout is not None else legacy

    def from_legacy(self, item_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Only fields of the contract."""
        public: dict[str, Any] = {self._id_name: item_id}
        readings, others = self._readings, self._others
        if self._layout is not None:
            data = self._layout.flattened(data)
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
                except (ValueError, LookupError, OverflowError):
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
            public.setdefault(self._errors.public(name), []).extend(messages)
        return public

    def _text_readings(self) -> Readings:
        return {
            to: (str, name, language, None)
            for name, places in self._legacy_texts.items()
            for language, to in places.items()
        }

    def _text_names(self) -> dict[str, str]:
        return {
            to: f"{name}.{language}" for name, places in self._legacy_texts.items() for language, to in places.items()
        }

    def _made_layout(self, rows: Iterable[FieldRow]) -> Levels | Layout | None:
        """None where all names are plain."""
        places = {to: place_of(to) for to in self._names}
        nulls = {
            to: row.null
            for row in rows
            if row.null is not None
            for to in (self._legacy_texts[row.name].values() if row.conversion is None else (row.to,))
        }
        counts = {row.to: place_of(row.count) for row in rows if row.count}
        return layout_of(places, nulls, counts)


def _readings(rows: Iterable[FieldRow]) -> Readings:
    """What is looked up by its type."""
    return {
        row.to: (row.conversion.kind, row.name, "", row.conversion.table)
        for row in rows
        if row.conversion is not None and row.conversion.table is not None
    }


def _others(rows: Iterable[FieldRow]) -> Others:
    return {row.to: (row.name, row.conversion.read) for row in rows if row.conversion and row.conversion.table is None}


def _count_names(rows: Iterable[FieldRow]) -> dict[str, str]:
    return {row.count: row.name for row in rows if row.count}


def _whole(value: object) -> int:
    """The integer that a number stands for. Raises LookupError."""
    if type(value) is float and value.is_integer():
        return int(value)
    raise LookupError
