"""``[fields]`` of a map: what the core calls each field, and how its values get there and back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.resources import converters, time_converters
from gateway.resources.map_tables import check_keys, one_of, table, text_in, wrong
from schemas.containers import Translations, UuidList
from schemas.fields import Choice, Flag, ReadOnly, Timestamp, Uuid, WholeNumber

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from marshmallow.fields import Field

    from gateway.resources.converters import Conversion
    from schemas.batches import ItemSchema

KEY = "{key}"
_OF_A_ROW = ("to", "as", "words", "only")
_NESTED = "nested:"
_A_TIME = "2024-07-10 06:51:15"
_TWO_UUIDS = ["8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00", "3f2504e0-4f89-41d3-9a0c-0305e82c3301"]


@dataclass(frozen=True, slots=True)
class FieldRow:
    """``name`` is public, ``to`` the core's, with a dot for each level. ``conversion`` None: one field for each language."""

    name: str
    to: str
    conversion: Conversion | None
    is_of_answers: bool = False


def read_fields(given: Mapping[str, Any], schema: ItemSchema, *, may_lack: bool = False) -> list[FieldRow]:
    """``may_lack``: a field may be left out. Raises CoreMapError."""
    public = {name: field for name, field in schema.load_fields.items() if name != schema.id_name}
    check_keys(given, "fields.", public, needed=() if may_lack else public)
    rows = [_row(name, table(given, name, "fields."), public[name]) for name in given]
    _demand_places_of_their_own(rows, schema)
    return rows


def _demand_places_of_their_own(rows: Sequence[FieldRow], schema: ItemSchema) -> None:
    """Raises CoreMapError."""
    taken: dict[str, str] = {}
    for row in rows:
        places = _places(row, schema.load_fields[row.name])
        for to, other in ((to, other) for to, other in taken.items() for place in places if _meet(to, place)):
            relation = (
                f"must differ from that of {other}"
                if to in places
                else f"must not stand in that of {other}, or hold it"
            )
            raise wrong(f"fields.{row.name}.to", f"{relation}: {to!r:.80}")
        taken |= dict.fromkeys(places, row.name)


def _places(row: FieldRow, field: Field[Any]) -> list[str]:
    """The core's names: one, or one for each language."""
    languages = field.metadata["properties"] if isinstance(field, Translations) else ("",)
    return [row.to.replace(KEY, language) for language in languages]


def _meet(one: str, other: str) -> bool:
    # The object of one would take the place of the other's value.
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _row(name: str, row: Mapping[str, Any], field: Field[Any]) -> FieldRow:
    where = f"fields.{name}."
    check_keys(row, where, _OF_A_ROW, needed=("to",))
    to, given, is_of_answers = text_in(row, where, "to", ""), text_in(row, where, "as", ""), isinstance(field, ReadOnly)
    if given.startswith(_NESTED) and not isinstance(field, UuidList):
        to, given = f"{to}.{given.removeprefix(_NESTED)}", ""
    if not all(to.split(".")):
        raise wrong(f"{where}to", "must be the core's name of it, with a dot between levels")
    if row.get("only", "answer" if is_of_answers else "") != ("answer" if is_of_answers else ""):
        raise wrong(f"{where}only", 'must be "answer" for a field that is only answered, and left out else')
    if isinstance(field, Translations) != (KEY in to):
        raise wrong(f"{where}to", f"must have {KEY}, the language, exactly where the field is a text by language")
    return FieldRow(name, to, _conversion(where, row, given, field), is_of_answers)


def _conversion(where: str, row: Mapping[str, Any], given: str, field: Field[Any]) -> Conversion | None:
    if "words" in row:
        if given:
            raise wrong(f"{where}words", "must stand without 'as'")
        if not isinstance(field, Choice):
            raise wrong(f"{where}words", "must be left out: the field has no closed list of words")
    if isinstance(field, Translations):
        one_of({"as": given or "same"}, where, "as", ("same",), "same")
        return None
    for kind, read in _BY_KIND.items():
        if isinstance(field, kind):
            found = read(where, row, given or "same", field)
            return converters.or_null(found) if field.allow_none and kind is not Timestamp else found
    return _simple(where, given or "same", {"same": converters.texts_as_sent})


def _choice(where: str, row: Mapping[str, Any], given: str, field: Field[Any]) -> Conversion:
    choices = [str(word) for word in field.metadata["enum"] if word is not None]
    if "words" not in row:
        change: Mapping[str, Callable[[str], str]] = {"same": str, "upper": str.upper, "lower": str.lower}
        return converters.by_words(
            {word: change[one_of({"as": given}, where, "as", tuple(change), "same")](word) for word in choices}
        )
    words = table(row, "words", where)
    check_keys(words, f"{where}words.", choices, needed=choices)
    values = list(words.values())
    kinds = {type(value) for value in values}
    if kinds not in ({int}, {str}):
        raise wrong(f"{where}words", "must be all whole numbers or all texts")
    if kinds == {int} and not all(-(2**63) <= value < 2**63 for value in values):
        raise wrong(f"{where}words", "must be numbers of 64 bits")
    for word, value in words.items():
        if values.count(value) > 1:
            raise wrong(f"{where}words.{word}", f"must differ from the others; {value!r} is there twice")
    return converters.by_words(words)


def _list(where: str, _row: Mapping[str, Any], given: str, _field: Field[Any]) -> Conversion:
    name, _, rest = given.partition(":")
    if name == "join" and rest:
        found = converters.joined(rest)
        if not _comes_back(found, _TWO_UUIDS):
            raise wrong(f"{where}as", f"must have a separator that no UUID holds; it is {rest!r:.80}")
        return found
    if name == "nested" and all(rest.split(".")):
        return converters.listed_at(rest.split("."))
    if given == "same":
        return converters.as_list()
    raise wrong(
        f"{where}as", 'must be "join:X" with a separator X, "same" for a list, or "nested:PATH" for one of objects'
    )


def _time(where: str, _row: Mapping[str, Any], given: str, _field: Field[Any]) -> Conversion:
    name, _, rest = given.partition(":")
    pattern, _, zone = rest.rpartition("@")
    if name == "strftime" and pattern and zone:
        try:
            found = time_converters.as_texts(pattern, zone)
        except ValueError as exc:
            raise wrong(f"{where}as", str(exc)) from exc
        if not _can_be_read(found, _A_TIME):
            raise wrong(
                f"{where}as", f"must have a format that can be read back, each part of it once; it is {pattern!r:.80}"
            )
        return found
    simple: Mapping[str, Callable[[], Conversion]] = {
        "same": time_converters.as_sent,
        "unix_seconds": time_converters.in_seconds,
        "unix_millis": time_converters.in_millis,
        "iso8601": lambda: time_converters.as_texts("", "UTC"),
    }
    return _simple(where, given, simple, "strftime:FORMAT@ZONE")


def _can_be_read(conversion: Conversion, value: object) -> bool:
    with suppress(Exception):
        conversion.read(conversion.write(value))
        return True
    return False


def _comes_back(conversion: Conversion, value: object) -> bool:
    with suppress(ValueError):
        return conversion.read(conversion.write(value)) == value
    return False


def _flag(where: str, _row: Mapping[str, Any], given: str, _field: Field[Any]) -> Conversion:
    name, _, words = given.partition(":")
    yes, slash, no = words.partition("/")
    if name == "yes_no" and slash and yes != no:
        return converters.by_words({True: yes, False: no})
    return _simple(where, given, {"same": converters.flags_as_sent}, "yes_no:A/B")


def _number(where: str, _row: Mapping[str, Any], given: str, _field: Field[Any]) -> Conversion:
    of_numbers = {"same": converters.numbers_as_sent, "integer": converters.integers, "decimal": converters.decimals}
    return _simple(where, given, of_numbers)


def _uuid(where: str, _row: Mapping[str, Any], given: str, _field: Field[Any]) -> Conversion:
    in_case: Mapping[str, Callable[[str], str]] = {"same": str, "upper": str.upper, "lower": str.lower}
    return converters.uuids_in_case(in_case[one_of({"as": given}, where, "as", tuple(in_case), "same")])


def _of_answers(where: str, _row: Mapping[str, Any], given: str, _field: Field[Any]) -> Conversion:
    of_values = {"same": converters.as_sent, "integer": converters.integers, "decimal": converters.decimals}
    return _simple(where, given, of_values)


def _simple(where: str, given: str, known: Mapping[str, Callable[[], Conversion]], beside: str = "") -> Conversion:
    if given not in known:
        listed = f'{", ".join(known)}, or "{beside}"' if beside else ", ".join(known)
        raise wrong(f"{where}as", f"must be one of: {listed}; it is {given!r}")
    return known[given]()


_BY_KIND: Mapping[type[Field[Any]], Callable[[str, Mapping[str, Any], str, Field[Any]], Conversion]] = {
    Choice: _choice,
    UuidList: _list,
    Timestamp: _time,
    Flag: _flag,
    WholeNumber: _number,
    Uuid: _uuid,
    ReadOnly: _of_answers,
}
