"""How the values of a field get there and back, as its row says."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gateway.resources import converters, time_converters
from gateway.resources.map_tables import CoreMapError, one_of, wrong
from gateway.resources.word_rows import words_of
from gateway.resources.zone_names import has_zone_name, zoned
from schemas.containers import Translations, UuidList
from schemas.fields import AnsweredTime, Choice, Flag, ReadOnly, Timestamp, Uuid, WholeNumber

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from marshmallow.fields import Field

    from gateway.resources.converters import Conversion

_A_TIME = "2024-07-10 06:51:15"
_TWO_UUIDS = ["8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00", "3f2504e0-4f89-41d3-9a0c-0305e82c3301"]
# Keys of a row, and the kind of field that has a use for each.
_USES: Sequence[tuple[str, type[Field[Any]] | tuple[type[Field[Any]], ...], str]] = (
    ("words", Choice, "has no closed list of words"),
    ("read", Choice, "has no closed list of words"),
    ("zones", (Timestamp, AnsweredTime), "is no time"),
    ("each", UuidList, "is no list of ids"),
    ("count", UuidList, "is no list"),
)
_SPELLINGS: Mapping[str, Callable[[], Conversion] | None] = {
    "same": None,
    "upper": lambda: converters.uuids_in_case(str.upper),
    "lower": lambda: converters.uuids_in_case(str.lower),
    "hex_upper": lambda: converters.uuids_in_hex(str.upper),
    "hex_lower": lambda: converters.uuids_in_hex(str.lower),
}


def conversion_of(where: str, row: Mapping[str, Any], given: str, field: Field[Any]) -> Conversion | None:
    """``given`` is what ``as`` says. None: one field for each language. Raises CoreMapError."""
    _demand_a_use(where, row, field)
    if "words" in row and given:
        raise wrong(f"{where}words", "must stand without 'as'")
    if isinstance(field, Translations):
        one_of({"as": given or "same"}, where, "as", ("same",), "same")
        return None
    for kind, read in _BY_KIND.items():
        if isinstance(field, kind):
            found = read(where, row, given or "same", field)
            return converters.or_null(found) if field.allow_none and kind is not Timestamp else found
    return _simple(where, given or "same", {"same": converters.texts_as_sent})


def _demand_a_use(where: str, row: Mapping[str, Any], field: Field[Any]) -> None:
    """Each key of a row is one for the kind of its field. Raises CoreMapError."""
    for name, kind, why in _USES:
        if name in row and not isinstance(field, kind):
            raise wrong(f"{where}{name}", f"must be left out: the field {why}")


def _choice(where: str, row: Mapping[str, Any], given: str, field: Field[Any]) -> Conversion:
    choices = [str(word) for word in field.metadata["enum"] if word is not None]
    if "words" not in row:
        if "read" in row:
            raise wrong(f"{where}read", "must stand beside 'words'")
        change: Mapping[str, Callable[[str], str]] = {"same": str, "upper": str.upper, "lower": str.lower}
        return converters.by_words(
            {word: change[one_of({"as": given}, where, "as", tuple(change), "same")](word) for word in choices}
        )
    return words_of(where, row, choices)


def _list(where: str, row: Mapping[str, Any], given: str, _field: Field[Any]) -> Conversion:
    name, _, rest = given.partition(":")
    each = _spelling(row, where, "each")
    if name == "join" and rest:
        if "count" in row:
            raise wrong(f"{where}count", "must be left out: it is that of a list, and the ids are one text")
        found = converters.joined(rest) if each is None else converters.joined_each(rest, each)
        if not _comes_back(found, _TWO_UUIDS):
            raise wrong(f"{where}as", f"must have a separator that no UUID holds; it is {rest!r:.80}")
        return found
    if name == "nested" and all(rest.split(".")):
        return converters.each_of(converters.listed_at(rest.split(".")), each)
    if given == "same":
        return converters.each_of(converters.as_list(), each)
    raise wrong(
        f"{where}as", 'must be "join:X" with a separator X, "same" for a list, or "nested:PATH" for one of objects'
    )


def _time(where: str, row: Mapping[str, Any], given: str, _field: Field[Any]) -> Conversion:
    name, _, rest = given.partition(":")
    pattern, _, zone = rest.rpartition("@")
    if name == "strftime" and pattern and zone:
        return _time_text(where, row, pattern, zone)
    if "zones" in row:
        raise wrong(f"{where}zones", 'must stand beside as = "strftime:FORMAT@ZONE", whose FORMAT has %Z')
    simple: Mapping[str, Callable[[], Conversion]] = {
        "same": time_converters.as_sent,
        "unix_seconds": time_converters.in_seconds,
        "unix_millis": time_converters.in_millis,
        "iso8601": lambda: time_converters.as_texts("", "UTC"),
    }
    return _simple(where, given, simple, "strftime:FORMAT@ZONE")


def _time_text(where: str, row: Mapping[str, Any], pattern: str, zone: str) -> Conversion:
    if has_zone_name(pattern) if "zones" not in row else not has_zone_name(pattern):
        raise wrong(f"{where}zones", "must say what each name of a zone stands for, exactly where the format has %Z")
    try:
        conversion = time_converters.as_texts(pattern, zone) if "zones" not in row else zoned(where, row, pattern, zone)
    except CoreMapError:
        raise
    except ValueError as exc:
        raise wrong(f"{where}as", str(exc)) from exc
    if not _can_be_read(conversion, _A_TIME):
        raise wrong(
            f"{where}as", f"must have a format that can be read back, each part of it once; it is {pattern!r:.80}"
        )
    return conversion


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
    return _spelling({"as": given}, where, "as") or converters.uuids_in_case(str)


def _spelling(row: Mapping[str, Any], where: str, name: str) -> Conversion | None:
    """Of a UUID; None: as it is."""
    make = _SPELLINGS[one_of(row, where, name, tuple(_SPELLINGS), "same")]
    return None if make is None else make()


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
    AnsweredTime: _time,
    ReadOnly: _of_answers,
}
