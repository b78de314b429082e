"""Integration actions, public ↔ legacy (``contract.md`` sections 2 and 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.resources.slugs import slug, unique_slugs
from legacy_client.operations import is_uuid
from schemas.integrations import INPUT_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    # The core's value as it is shown, or None where it cannot be read.
    Read = Callable[[Any], object | None]


class Shown(NamedTuple):
    """``unreadable`` holds dotted names."""

    action: dict[str, object]
    unreadable: list[str]


class _Row(NamedTuple):
    """``default`` stands for null."""

    public: str
    legacy: str
    read: Read
    default: object = None
    is_needed: bool = False


def _text(value: object) -> str | None:
    return value if type(value) is str else None


def _flag(value: object) -> bool | None:
    return value if type(value) is bool else None


def _place(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _input_type(value: object) -> str | None:
    return value if type(value) is str and value in INPUT_TYPES else None


def _uuid(value: object) -> str | None:
    return value if type(value) is str and is_uuid(value) else None


def _options(value: object) -> list[dict[str, str]] | None:
    if type(value) is not list or not all(map(_is_option, value)):
        return None
    return [{"label": option["label"], "value": option["value"]} for option in value]


def _is_option(value: object) -> bool:
    return type(value) is dict and type(value.get("label")) is type(value.get("value")) is str


_NAME = _Row("name", "name", _text, is_needed=True)
_SLUG = _Row("slug", "slug", _text)
_DESCRIPTION = _Row("description", "description", _text, "")
_CODE = _Row("code", "code", _text)
_ORDER = _Row("order", "order", _place, 0)
_LABEL = _Row("label", "label", _text, "", is_needed=True)
_BEFORE_ORDER = (
    _Row("type", "type", _input_type, "TEXT"),
    _DESCRIPTION,
    _Row("placeholder", "placeholder", _text),
    _Row("required", "required", _flag, False),
)
_AFTER_ORDER = (
    _Row("options", "options", _options),
    _Row("allowMultiSelect", "allow_multi_select", _flag),
    _Row("contextActionId", "context_action_id", _uuid),
)
_FIELD_NAMES = {row.public: row.legacy for row in (_LABEL, *_BEFORE_ORDER, *_AFTER_ORDER)}
_PUBLIC_NAMES = {legacy: public for public, legacy in _FIELD_NAMES.items()} | {"input_fields": "inputFields"}


def to_legacy(action: Mapping[str, Any]) -> dict[str, object]:
    """A valid body as the core's PUT."""
    legacy = {name: action[name] for name in ("name", "description", "code") if name in action}
    legacy["input_fields"] = [
        {_FIELD_NAMES[name]: value for name, value in field.items()} for field in action["inputFields"]
    ]
    return legacy


def from_legacy(action_id: str, data: Mapping[str, Any], sent: Mapping[str, Any]) -> Shown:
    """The action with exactly the keys of the contract.

    What is absent or unreadable comes from ``sent``, else it is the default.
    """
    unreadable: list[str] = []
    entry = _Entry(data, sent, "", unreadable)
    name = entry.show(_NAME)
    action = {
        "id": action_id,
        "name": name,
        "slug": entry.show(_SLUG) or slug(str(name), empty="action"),
        "description": entry.show(_DESCRIPTION),
        "code": entry.show(_CODE),
        "order": entry.show(_ORDER),
        "inputFields": _fields(data, sent, unreadable),
    }
    return Shown(action, unreadable)


def as_sent(action_id: str, sent: Mapping[str, Any]) -> Shown:
    """Without what only the core knows."""
    unknown = {"slug", "order"} | ({"code"} - sent.keys())
    action = from_legacy(action_id, {}, sent).action
    return Shown({name: value for name, value in action.items() if name not in unknown}, [])


def errors_to_public(errors: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """By public dotted name."""
    return {
        ".".join(_PUBLIC_NAMES.get(part, part) for part in path.split(".")): list(messages)
        for path, messages in errors.items()
    }


class _Entry(NamedTuple):
    """An object of the core's answer beside what was sent."""

    data: Mapping[str, Any]
    sent: Mapping[str, Any]
    path: str
    unreadable: list[str]

    def show(self, row: _Row) -> object:
        value = self.data.get(row.legacy, self)
        if value is None and not row.is_needed:
            return row.default
        if value is not self:
            if (read := row.read(value)) is not None:
                return read
            self.unreadable.append(self.path + row.public)
        submitted = self.sent.get(row.legacy)
        return row.default if submitted is None else submitted


def _fields(data: Mapping[str, Any], sent: Mapping[str, Any], unreadable: list[str]) -> list[dict[str, object]]:
    entries = list(_entries(data, sent, unreadable))
    labels = [str(entry.show(_LABEL)) for entry in entries]
    slugs = [entry.show(_SLUG) for entry in entries]
    made = iter(
        unique_slugs(
            (label for label, known in zip(labels, slugs, strict=True) if not known),
            taken=map(str, filter(None, slugs)),
        )
    )
    return [
        {
            "slug": known or next(made),
            "label": label,
            **{row.public: entry.show(row) for row in _BEFORE_ORDER},
            "order": order,
            **{row.public: entry.show(row) for row in _AFTER_ORDER},
        }
        for order, (entry, label, known) in enumerate(zip(entries, labels, slugs, strict=True))
    ]


def _entries(data: Mapping[str, Any], sent: Mapping[str, Any], unreadable: list[str]) -> Iterator[_Entry]:
    """Input fields, with the sent one of the same place and label."""
    fields_sent = sent.get("input_fields") or []
    fields = data.get("input_fields", fields_sent)
    if type(fields) is not list:
        if fields is not None:
            unreadable.append("inputFields")
        fields = [] if fields is None else fields_sent
    for place, field in enumerate(fields):
        path = f"inputFields.{place}"
        field_sent = fields_sent[place] if len(fields) == len(fields_sent) else {}
        if type(field) is dict:
            label = field.get("label", field_sent.get("label"))
            is_same = type(label) is not str or label == field_sent.get("label")
            yield _Entry(field, field_sent if is_same else {}, f"{path}.", unreadable)
            continue
        unreadable.append(path)
        if field_sent:
            yield _Entry({}, field_sent, f"{path}.", unreadable)
