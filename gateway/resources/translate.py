"""Items, public ↔ legacy, by the rows of a map (``contract.md`` section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.resources.field_rows import KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gateway.resources.field_rows import FieldRow

    # Legacy name → type of a value, public name, language of a text, words of any other.
    Readings = dict[str, tuple[type, str, str, Mapping[Any, object] | None]]
    # Legacy name → public name, and how a value is read.
    Others = dict[str, tuple[str, Callable[[object], object]]]


class MappedTranslation:
    """``id_name`` is the public field of the id, which answers have first.

    The core may tell errors by names within ``wrap`` too, or without the levels that all names share.
    """

    def __init__(self, rows: Sequence[FieldRow], id_name: str, languages: Sequence[str], wrap: str = "") -> None:
        self._id_name = id_name
        # Public name → legacy name, and how a value becomes the core's.
        self._to_legacy = {
            row.name: (row.to, row.conversion.write) for row in rows if row.conversion and not row.is_of_answers
        }
        self._legacy_texts = {
            row.name: {language: row.to.replace(KEY, language) for language in languages}
            for row in rows
            if not row.conversion
        }
        self._readings, self._others = _readings(rows, languages), _others(rows)
        self._names = _public_names(rows, id_name, languages)
        self._names_of_errors = _names_of_errors(self._names, wrap)
        self._paths = {name: name.split(".") for name in self._names if "." in name}

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
        return _in_levels(legacy, self._paths) if self._paths else legacy

    def from_legacy(self, item_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Only fields of the contract."""
        public: dict[str, Any] = {self._id_name: item_id}
        readings, others = self._readings, self._others
        if self._paths:
            data = _in_one_level(data, self._paths)
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
            public.setdefault(self._names_of_errors.get(name, "other"), []).extend(messages)
        return public


def _readings(rows: Iterable[FieldRow], languages: Sequence[str]) -> Readings:
    """What is looked up by its type, and texts."""
    readings: Readings = {}
    for row in rows:
        if row.conversion is None:
            readings |= {row.to.replace(KEY, language): (str, row.name, language, None) for language in languages}
        elif row.conversion.table is not None:
            readings[row.to] = (row.conversion.kind, row.name, "", row.conversion.table)
    return readings


def _others(rows: Iterable[FieldRow]) -> Others:
    return {row.to: (row.name, row.conversion.read) for row in rows if row.conversion and row.conversion.table is None}


def _public_names(rows: Iterable[FieldRow], id_name: str, languages: Sequence[str]) -> dict[str, str]:
    public = {"id": id_name}
    for row in rows:
        if row.conversion is None:
            public |= {row.to.replace(KEY, language): f"{row.name}.{language}" for language in languages}
        else:
            public[row.to] = row.name
    return public


def _names_of_errors(names: Mapping[str, str], wrap: str) -> dict[str, str]:
    levels = {tuple(legacy.split(".")): name for legacy, name in names.items() if legacy != "id"}
    shared = 0
    for each in zip(*(path[:-1] for path in levels), strict=False):
        if len(set(each)) > 1:
            break
        shared += 1
    below = {".".join(path[shared:]): name for path, name in levels.items()}
    return {**below, **{f"{wrap}.{legacy}": name for legacy, name in names.items()}, **names}


def _whole(value: object) -> int:
    """The integer that a number stands for. Raises LookupError."""
    if type(value) is float and value.is_integer():
        return int(value)
    raise LookupError


def _in_levels(flat: Mapping[str, object], paths: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """``a.b`` becomes ``b`` in the object ``a``."""
    legacy: dict[str, object] = {}
    for name, value in flat.items():
        level: Any = legacy
        *above, last = paths.get(name, (name,))
        for each in above:
            level = level.setdefault(each, {})
        level[last] = value
    return legacy


def _in_one_level(data: Mapping[str, Any], paths: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The inverse, for the names in ``paths``. An object that is not there has no fields."""
    flat = dict(data)
    for name, path in paths.items():
        level: Any = data
        for each in path:
            level = level.get(each, _MISSING) if type(level) is dict else _MISSING
        if level is not _MISSING:
            flat[name] = level
    return flat


_MISSING = object()
