"""``core.toml``: what the core calls things, read once at the start."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from gateway.resources import converters
from schemas.containers import Translations, UuidList
from schemas.fields import Choice, ReadOnly, Timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from marshmallow.fields import Field

    from gateway.resources.converters import Conversion
    from schemas.batches import ItemSchema

KEY = "{key}"
ID = "{id}"
METHODS = ("PATCH", "PUT", "POST")
IDS = ("integer", "digits")
_NEEDED = ("core", "update", "fields")
_SECTIONS = (*_NEEDED, "answers", "meaning", "codes")
_OF_A_ROW = ("to", "as", "words", "only")
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class CoreMapError(ValueError):
    """One line: where it stands, and how to mend it."""


@dataclass(frozen=True, slots=True)
class FieldRow:
    """``name`` is public, ``to`` the core's, with a dot for each level. ``conversion`` None: one field for each language."""

    name: str
    to: str
    conversion: Conversion | None
    is_of_answers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCall:
    """``path`` has ``{id}``. ``wrap``: the name of the object that the fields stand in; empty: they stand alone."""

    method: str
    path: str
    key_header: str
    wrap: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreMap:
    id_kind: str
    update: UpdateCall
    fields: Sequence[FieldRow]


def shipped() -> str:
    return resources.files(__package__).joinpath("core.toml").read_text(encoding="utf-8")


def read_core_map(text: str, schema: ItemSchema) -> CoreMap:
    """``schema`` is that of the items. Raises CoreMapError."""
    document = parsed(text)
    check_keys(document, "", _SECTIONS, needed=_NEEDED)
    core, update, fields = (_table(document, name) for name in _NEEDED)
    check_keys(core, "core.", ("id",))
    return CoreMap(
        id_kind=_one_of(core, "core.", "id", IDS, "integer"), update=_update(update), fields=_fields(fields, schema)
    )


def parsed(text: str) -> Mapping[str, Any]:
    """Raises CoreMapError."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise CoreMapError(f"is not TOML: {exc}") from exc


def _update(table: Mapping[str, Any]) -> UpdateCall:
    where = "update."
    check_keys(table, where, ("method", "path", "key_header", "wrap"), needed=("path",))
    path, header = text_in(table, where, "path", ""), text_in(table, where, "key_header", "Idempotency-Key")
    if not path.startswith("/") or path.count(ID) != 1 or not path.isascii() or " " in path:
        raise wrong(f"{where}path", f"must start with a slash and have {ID} once, like '/actions/{ID}'")
    if not header or not _TOKEN.issuperset(header):
        raise wrong(f"{where}key_header", "must be a header's name")
    return UpdateCall(
        method=_one_of(table, where, "method", METHODS, "PATCH"),
        path=path,
        key_header=header,
        wrap=text_in(table, where, "wrap", ""),
    )


def _fields(table: Mapping[str, Any], schema: ItemSchema) -> list[FieldRow]:
    public = {name: field for name, field in schema.load_fields.items() if name != schema.id_name}
    check_keys(table, "fields.", public, needed=public)
    rows = [_row(name, _table(table, name, "fields."), public[name]) for name in table]
    taken: dict[str, str] = {}
    for row in rows:
        if (other := taken.setdefault(row.to, row.name)) != row.name:
            raise wrong(f"fields.{row.name}.to", f"must differ from that of {other}, {row.to!r}")
    return rows


def _row(name: str, row: Mapping[str, Any], field: Field[Any]) -> FieldRow:
    where = f"fields.{name}."
    check_keys(row, where, _OF_A_ROW, needed=("to",))
    to, is_of_answers = text_in(row, where, "to", ""), isinstance(field, ReadOnly)
    if not all(to.split(".")):
        raise wrong(f"{where}to", "must be the core's name of it, with a dot between levels")
    if row.get("only", "answer" if is_of_answers else "") != ("answer" if is_of_answers else ""):
        raise wrong(f"{where}only", 'must be "answer" for a field that is only answered, and left out else')
    if isinstance(field, Translations) != (KEY in to):
        raise wrong(f"{where}to", f"must have {KEY}, the language, exactly where the field is a text by language")
    return FieldRow(name, to, _conversion(where, row, field), is_of_answers)


def _conversion(where: str, row: Mapping[str, Any], field: Field[Any]) -> Conversion | None:
    if "words" in row and "as" in row:
        raise wrong(f"{where}words", "must stand without 'as'")
    if isinstance(field, Choice):
        return _choice(where, row, [str(word) for word in field.metadata["enum"] if word is not None])
    if "words" in row:
        raise wrong(f"{where}words", "must be left out: the field has no closed list of words")
    given = text_in(row, where, "as", "same")
    if isinstance(field, Translations):
        _one_of(row, where, "as", ("same",), "same")
        return None
    if isinstance(field, UuidList):
        return _list(where, given)
    if isinstance(field, Timestamp):
        return _time(where, given)
    _one_of(row, where, "as", ("same",), "same")
    return converters.as_sent()


def _choice(where: str, row: Mapping[str, Any], choices: Sequence[str]) -> Conversion:
    if "words" not in row:
        change: Mapping[str, Callable[[str], str]] = {"same": str, "upper": str.upper, "lower": str.lower}
        given = _one_of(row, where, "as", tuple(change), "same")
        return converters.by_words({word: change[given](word) for word in choices})
    words = _table(row, "words", where)
    check_keys(words, f"{where}words.", choices, needed=choices)
    values = list(words.values())
    kinds = {type(value) for value in values}
    if kinds not in ({int}, {str}):
        raise wrong(f"{where}words", "must be all whole numbers or all texts")
    for word, value in words.items():
        if values.count(value) > 1:
            raise wrong(f"{where}words.{word}", f"must differ from the others; {value!r} is there twice")
    return converters.by_words(words)


def _list(where: str, given: str) -> Conversion:
    name, _, separator = given.partition(":")
    if name == "join" and separator:
        return converters.joined(separator)
    if given == "same":
        return converters.as_list()
    raise wrong(f"{where}as", 'must be "join:X" with a separator X, or "same" for a list')


def _time(where: str, given: str) -> Conversion:
    name, _, rest = given.partition(":")
    pattern, _, zone = rest.rpartition("@")
    simple: Mapping[str, Callable[[], Conversion]] = {
        "same": converters.times_as_sent,
        "unix_seconds": converters.times_in_seconds,
        "unix_millis": converters.times_in_millis,
        "iso8601": lambda: converters.times_as_texts("", "UTC"),
    }
    if given in simple:
        return simple[given]()
    if name == "strftime" and pattern and zone:
        try:
            return converters.times_as_texts(pattern, zone)
        except ValueError as exc:
            raise wrong(f"{where}as", str(exc)) from exc
    raise wrong(f"{where}as", f'must be one of: {", ".join(simple)}, or "strftime:FORMAT@ZONE"')


def check_keys(table: Mapping[str, Any], where: str, allowed: Collection[str], *, needed: Collection[str] = ()) -> None:
    for name in table:
        if name not in allowed:
            raise wrong(f"{where}{name}", f"is not known; allowed: {', '.join(allowed)}")
    for name in needed:
        if name not in table:
            raise wrong(f"{where}{name}", "is missing")


def table_in(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Empty where it is not there."""
    return _table(document, name) if name in document else {}


def _table(table: Mapping[str, Any], name: str, where: str = "") -> Mapping[str, Any]:
    found = table[name]
    if type(found) is not dict:
        raise wrong(f"{where}{name}", "must be a table")
    return found


def text_in(table: Mapping[str, Any], where: str, name: str, default: str) -> str:
    found = table.get(name, default)
    if type(found) is not str:
        raise wrong(f"{where}{name}", "must be a text")
    return found


def _one_of(table: Mapping[str, Any], where: str, name: str, allowed: Sequence[str], default: str) -> str:
    found = text_in(table, where, name, default)
    if found not in allowed:
        raise wrong(f"{where}{name}", f"must be one of: {', '.join(allowed)}; it is {found!r}")
    return found


def wrong(where: str, mend: str) -> CoreMapError:
    return CoreMapError(f"{where} {mend}")
