"""Each conversion of a value has its inverse, and reads nothing as what it is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.resources import converters, time_converters
from gateway.resources.field_rows import read_fields
from gateway.resources.map_tables import CoreMapError
from gateway.resources.zone_names import zoned
from tests.e2e.documents.schema import DocumentUpdateSchema

TIMES = st.datetimes(datetime(1900, 1, 2), datetime(9999, 12, 30)).map(lambda each: each.replace(microsecond=0))  # noqa: DTZ001 -- public times have no zone


@given(TIMES)
def test_each_conversion_of_a_time_has_its_inverse(moment: datetime):
    public = str(moment)
    for conversion in (
        time_converters.as_sent(),
        time_converters.in_seconds(),
        time_converters.in_millis(),
        time_converters.as_texts("", "UTC"),
        time_converters.as_texts("%Y%m%d%H%M%S", "UTC"),
        time_converters.as_texts("%Y-%m-%dT%H:%M:%S%z", "Asia/Kolkata"),
    ):
        assert conversion.read(conversion.write(public)) == public
        assert conversion.write(None) is None
        # A table never sees null.
        assert conversion.table is not None or conversion.read(None) is None


ZONES = {"zones": {"MEZ": "+01:00", "MESZ": "Etc/GMT-2"}}


@given(TIMES)
def test_a_time_with_the_name_of_its_zone_comes_back_whatever_the_year(moment: datetime):
    conversion = zoned("due_date.", ZONES, "%d.%m.%Y/%H:%M:%S/%Z", "Europe/Berlin")
    there = conversion.write(str(moment))

    assert conversion.read(there) == str(moment)
    assert str(there).rpartition("/")[2] in ZONES["zones"]


@pytest.mark.parametrize(
    ("public", "there"),
    [
        ("2025-03-30 00:59:59", "30.03.2025 01:59:59 MEZ %Z"),
        ("2025-03-30 01:00:00", "30.03.2025 03:00:00 MESZ %Z"),
        ("2025-10-26 00:59:59", "26.10.2025 02:59:59 MESZ %Z"),
        ("2025-10-26 01:00:00", "26.10.2025 02:00:00 MEZ %Z"),
        # Berlin was two hours and more ahead before there were names for it.
        ("1945-06-01 12:00:00", "01.06.1945 13:00:00 MEZ %Z"),
        (None, None),
    ],
)
def test_a_zone_has_the_name_of_its_season(public: str | None, there: str | None):
    conversion = zoned("due_date.", ZONES, "%d.%m.%Y %H:%M:%S %Z %%Z", "Europe/Berlin")

    assert conversion.write(public) == there
    assert conversion.read(there) == public


@given(st.lists(st.uuids().map(str)), st.booleans())
def test_ids_come_back_from_each_spelling(ids: list[str], is_upper: bool):
    each = converters.uuids_in_hex(str.upper if is_upper else str.lower)
    for conversion in (
        converters.each_of(converters.as_list(), each),
        converters.each_of(converters.listed_at(["ref", "id"]), each),
        converters.joined_each(";", each),
    ):
        assert conversion.read(conversion.write(ids)) == ids
        assert conversion.read(None) == []


@given(TIMES)
def test_a_time_with_its_zone_is_read_as_the_same_moment(moment: datetime):
    aware = moment.replace(tzinfo=UTC) + timedelta(hours=3)
    there = aware.astimezone(tz=None).isoformat()

    assert time_converters.as_texts("", "UTC").read(there) == str(aware.replace(tzinfo=None))


@given(st.datetimes(datetime(1, 1, 2), datetime(1000, 1, 1)).map(lambda each: each.replace(microsecond=0)))  # noqa: DTZ001 -- public times have no zone
def test_early_years_have_four_digits(moment: datetime):
    conversion = time_converters.as_texts("%d.%m.%Y %H:%M:%S", "UTC")

    assert conversion.read(conversion.write(str(moment))) == str(moment)


@pytest.mark.parametrize("value", [1, True, 1.0, [], {}, "", "2024-13-01 00:00:00", "now"])
def test_what_is_no_time_is_not_read_as_one(value: object):
    for conversion in (time_converters.as_sent(), time_converters.as_texts("%Y-%m-%d %H:%M:%S", "UTC")):
        with pytest.raises(ValueError):  # noqa: PT011 -- the message is the library's
            conversion.read(value)


@pytest.mark.parametrize(
    "text",
    ["2024-1-1 0:0:0", "2024-1-10  06:51:15", "２０２４-01-10 06:51:15", "2024-01-10T06:51:15", "2024-01-10 06:51+01"],
)
def test_a_public_time_in_another_spelling_is_not_shown(text: str):
    with pytest.raises(ValueError):  # noqa: PT011 -- no message
        time_converters.as_sent().read(text)


@pytest.mark.parametrize(
    "text", ["", "x", "8c0a2f6e3c7b4a539d8f0b8f3d2c1a00", "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a0g", "é" * 36]
)
def test_what_is_no_uuid_is_not_told_as_one_of_a_list(text: str):
    for conversion, there in (
        (converters.each_of(converters.as_list(), None), [text]),
        (converters.each_of(converters.listed_at(["id"]), None), [{"id": text}]),
    ):
        with pytest.raises(ValueError):  # noqa: PT011 -- no message
            conversion.read(there)


@given(st.lists(st.uuids().map(str), max_size=3))
def test_lists_of_ids_come_back(ids: list[str]):
    for conversion in (converters.joined(","), converters.joined(" | "), converters.as_list()):
        assert conversion.read(conversion.write(ids)) == ids


def test_a_text_of_uuids_is_read_alike_each_time() -> None:
    read = converters.joined(",").read
    one, two = "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00", "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a01"

    assert [read(f"{one},{two}") for _ in range(2)] == [[one, two]] * 2
    for number in range(3_000):
        assert read(f"{one[:-12]}{number:012x}") == [f"{one[:-12]}{number:012x}"]
    for wrong in (f"{one} {two}", [one], {}, 1, f"{one},"):
        with pytest.raises(ValueError):  # noqa: PT011 -- no message
            read(wrong)


@given(st.lists(st.uuids().map(str), max_size=3))
def test_lists_of_objects_come_back(ids: list[str]):
    for path in (["id"], ["ref", "id"]):
        conversion = converters.listed_at(path)
        assert conversion.read(conversion.write(ids)) == ids


@given(st.uuids().map(str))
def test_uuids_in_any_case_come_back_in_lower_case(uuid: str):
    for change in (str, str.upper, str.lower):
        conversion = converters.uuids_in_case(change)
        assert conversion.read(conversion.write(uuid)) == uuid


@given(st.integers(-(2**63), 2**64 - 1))
def test_whole_numbers_come_back_and_are_read_from_their_digits(number: int):
    for conversion in (converters.integers(), converters.numbers_as_sent(), converters.decimals()):
        assert conversion.read(conversion.write(number)) == number
    assert converters.integers().read(str(number)) == number


@given(st.decimals(-(10**9), 10**9, places=6).map(float))
def test_decimal_numbers_come_back_and_are_sent_without_an_exponent(number: float):
    sent = converters.decimals().write(number)

    assert "e" not in str(sent).lower()
    assert converters.decimals().read(sent) == number
    assert converters.decimals().read(number) == number


@given(st.booleans(), st.text(), st.text())
def test_yes_and_no_come_back_in_any_two_words(value: bool, yes: str, no: str):
    if "/" in yes or yes == no:
        return
    [row] = fields({"archived": {"to": "a", "as": f"yes_no:{yes}/{no}"}})
    conversion = row.conversion
    assert conversion is not None
    assert conversion.write(value) == (yes if value else no)
    assert conversion.read(conversion.write(value)) is value


@given(st.sampled_from(["validation", "link", "form"]))
def test_words_come_back_whatever_the_core_calls_them(word: str):
    for words in ({"validation": 0, "link": 1, "form": 2}, {"validation": "V", "link": "L", "form": "F"}):
        conversion = converters.by_words(words)
        assert conversion.read(conversion.write(word)) == word


@given(st.text(), st.booleans())
def test_what_is_sent_as_it_is_comes_back_in_its_type_alone(text: str, flag: bool):
    assert converters.texts_as_sent().read(text) == text
    assert converters.flags_as_sent().read(flag) is flag
    with pytest.raises(ValueError):  # noqa: PT011 -- no message
        converters.texts_as_sent().read(flag)
    with pytest.raises(ValueError):  # noqa: PT011 -- no message
        converters.flags_as_sent().read(int(flag))


@pytest.mark.parametrize(
    ("conversion", "values"),
    [
        (converters.integers(), (1.0, True, "1.0", "", "1e3", str(2**64), [], {})),
        (converters.decimals(), (True, "1,5", "", ".5", "1e3", "NaN", [], {})),
        (converters.numbers_as_sent(), (1.0, True, "1", None)),
        (converters.listed_at(["id"]), ({}, "x", [1], [{"id": 1}], [{}], [None])),
        (converters.uuids_in_case(str), ("", "x" * 36, 1, None, [])),
        (converters.uuids_in_hex(str), ("", "0" * 31, "0" * 33, "x" * 32, "0" * 36, 1, None, [])),
        (converters.joined_each(";", converters.uuids_in_hex(str)), (";", "0" * 32 + ";", 1, ["0" * 32])),
    ],
)
def test_what_is_no_such_value_is_not_read_as_one(conversion: converters.Conversion, values: tuple[object, ...]):
    for value in values:
        with pytest.raises(ValueError):  # noqa: PT011 -- no message
            conversion.read(value)


DOCUMENTS = DocumentUpdateSchema(languages=("en",))


def fields(rows: dict[str, object]):
    return read_fields(rows, DOCUMENTS, may_lack=True)


@pytest.mark.parametrize(
    ("row", "refusal"),
    [
        ({"archived": {"to": "a", "as": "yes_no:Y"}}, 'archived.as must be one of: same, or "yes_no:A/B"; it is'),
        ({"archived": {"to": "a", "as": "yes_no:Y/Y"}}, 'archived.as must be one of: same, or "yes_no:A/B"; it is'),
        ({"priority": {"to": "p", "as": "upper"}}, "priority.as must be one of: same, integer, decimal; it is 'upper'"),
        ({"name": {"to": "n", "as": "upper"}}, "name.as must be one of: same; it is 'upper'"),
    ],
)
def test_a_conversion_that_a_field_has_not_is_refused(row: dict[str, object], refusal: str):
    with pytest.raises(CoreMapError) as refused:
        fields(row)

    assert str(refused.value).startswith(f"fields.{refusal}")
