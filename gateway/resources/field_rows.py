"""``[fields]`` of a map: what the core calls each field, and how its values get there and back."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gateway.resources.field_conversions import conversion_of
from gateway.resources.map_tables import check_keys, is_of_64_bits, table, text_in, wrong
from gateway.resources.places import meet, parts, place_of
from schemas.containers import Translations, UuidList
from schemas.fields import ReadOnly, Timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from marshmallow.fields import Field

    from gateway.resources.converters import Conversion
    from schemas.batches import ItemSchema

KEY = "{key}"
_AS_THEY_ARE: Mapping[str, str] = MappingProxyType({})
THE_ID = "the id"
_ANSWER = "answer"
_OF_A_ROW = ("to", "as", "words", "read", "zones", "each", "count", "null", "only")
_NESTED = "nested:"
_FORM = "must be the core's name of it, with a dot between levels, and [name=value] behind that of a list"


@dataclass(frozen=True, slots=True)
class FieldRow:
    """``name`` is public, ``to`` the core's, with a dot for each level. ``conversion`` None: one field for each language.

    ``null``: the core's word for it; None: null itself. ``count``: where the core has the length of the list.
    """

    name: str
    to: str
    conversion: Conversion | None
    is_of_answers: bool = False
    null: object = None
    count: str = ""


def read_fields(
    given: Mapping[str, Any],
    schema: ItemSchema,
    *,
    may_lack: bool = False,
    id_at: str = "",
    spelt: Mapping[str, str] = _AS_THEY_ARE,
) -> list[FieldRow]:
    """``may_lack``: a field may be left out. ``id_at``: the place of the id in answers.

    ``spelt``: how the core names a language, if otherwise. Raises CoreMapError.
    """
    public = {name: field for name, field in schema.load_fields.items() if name != schema.id_name}
    check_keys(given, "fields.", public, needed=() if may_lack else public)
    rows = [_row(name, table(given, name, "fields."), public[name]) for name in given]
    _demand_places_of_their_own(rows, schema, spelt, {id_at: THE_ID} if id_at else {})
    return rows


def _demand_places_of_their_own(
    rows: Sequence[FieldRow], schema: ItemSchema, spelt: Mapping[str, str], taken: dict[str, str]
) -> None:
    """Raises CoreMapError."""
    for row in rows:
        places = _places(row, schema.load_fields[row.name], spelt)
        for to, other in ((to, other) for to, other in taken.items() for place in places if _meet(to, place)):
            relation = (
                f"must differ from that of {other}"
                if to in places
                else f"must not stand in that of {other}, or hold it"
            )
            raise wrong(f"fields.{row.name}.to", f"{relation}: {to!r:.80}")
        taken |= dict.fromkeys(places, row.name)
        if row.count:
            if other := next((other for to, other in taken.items() if _meet(to, row.count)), ""):
                raise wrong(f"fields.{row.name}.count", f"must not stand where {other} does: {row.count!r:.80}")
            taken[row.count] = f"the count of {row.name}"


def _places(row: FieldRow, field: Field[Any], spelt: Mapping[str, str]) -> list[str]:
    """The core's names: one, or one for each language."""
    languages = field.metadata["properties"] if isinstance(field, Translations) else ("",)
    return [row.to.replace(KEY, spelt.get(language, language)) for language in languages]


def _meet(one: str, other: str) -> bool:
    return meet(parts(place_of(one)), parts(place_of(other)))


def _row(name: str, row: Mapping[str, Any], field: Field[Any]) -> FieldRow:
    where = f"fields.{name}."
    check_keys(row, where, _OF_A_ROW, needed=("to",))
    to, given = text_in(row, where, "to", ""), text_in(row, where, "as", "")
    is_of_answers = _is_of_answers(row, where, field)
    if given.startswith(_NESTED) and not isinstance(field, UuidList):
        to, given = f"{to}.{given.removeprefix(_NESTED)}", ""
    _demand_place(where, "to", to)
    if isinstance(field, Translations) != (KEY in to):
        raise wrong(f"{where}to", f"must have {KEY}, the language, exactly where the field is a text by language")
    conversion = conversion_of(where, row, given, field)
    return FieldRow(name, to, conversion, is_of_answers, _null(where, row, conversion), _count(where, row))


def answered_times(given: Mapping[str, Any], schema: type[ItemSchema]) -> Sequence[str]:
    """Names of times that the core answers and never takes: partners may not send them. Rows may still be wrong."""
    times = [name for name, field in schema._declared_fields.items() if isinstance(field, Timestamp)]  # noqa: SLF001 -- Marshmallow has no other way without an instance
    return [name for name in times if type(row := given.get(name)) is dict and row.get("only") == _ANSWER]


def _is_of_answers(row: Mapping[str, Any], where: str, field: Field[Any]) -> bool:
    if "only" in row and not (row["only"] == _ANSWER and isinstance(field, ReadOnly)):
        raise wrong(f"{where}only", 'must be "answer", beside a time or a field that partners cannot send; or left out')
    return isinstance(field, ReadOnly)


def _null(where: str, row: Mapping[str, Any], conversion: Conversion | None) -> object:
    word = row.get("null")
    if "null" in row and type(word) not in (int, str):
        raise wrong(f"{where}null", "must be a text or a whole number; left out: null itself")
    if type(word) is int and not is_of_64_bits(word):
        raise wrong(f"{where}null", "must be a number of 64 bits")
    if conversion is not None and conversion.table is not None and word in conversion.table:
        raise wrong(f"{where}null", f"must differ from the words; {word!r} is one")
    return word


def _count(where: str, row: Mapping[str, Any]) -> str:
    count = text_in(row, where, "count", "")
    if "count" in row:
        _demand_place(where, "count", count)
    return count


def _demand_place(where: str, name: str, to: str) -> None:
    try:
        place_of(to)
    except ValueError as exc:
        raise wrong(f"{where}{name}", _FORM) from exc
