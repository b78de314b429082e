"""Maps that cannot be taken, and what is said of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.resources.actions import actions
from gateway.resources.core_map import read_core_map
from gateway.resources.core_map_check import check_core_map
from gateway.resources.map_tables import CoreMapError
from tests.doubles.core_maps import SCHEMA, changed

_LETTERS = "3 to 20 capital letters; it is "
STATUS = 'status = {to = "state", words = {draft = 0, pending = 1, active = 2, approved = 3, done = 4, inactive = 9}}'
DUE = 'due_date = {to = "due_at", as = "unix_seconds"}'


def _read(read: str) -> str:
    return f"{STATUS[:-1].replace('draft = 0', 'draft = 1')}, read = {{{read}}}}}"


def _zoned(zones: str) -> str:
    return f'due_date = {{to = "d", as = "strftime:%Y-%m-%d %H:%M:%S %Z@Europe/Berlin"{zones}}}'


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("[core", "is not TOML: "),
        ("", "core is missing"),
        (changed('id = "integer"', 'id = "name"'), "core.id must be one of: integer, digits, uuid, text, path; it is 'name'"),
        (changed("[core]", "[colour]\n[core]"), "colour is not known; allowed: core, update, fields"),
        *(
            (changed('"PATCH"', f'"{method}"'), f"update.method must be PATCH, PUT, POST, or a core's own in {_LETTERS}")
            for method in ("DELETE", "GET", "HEAD", "CONNECT", "merge", "MER GE", "A" * 21, "")
        ),
        (changed("/actions/{id}", "actions/{id}"), "update.path must start with a slash and have {id} once"),
        (changed("/actions/{id}", "/actions"), "update.path must start with a slash and have {id} once"),
        (changed("Idempotency-Key", "a b"), "update.key_header must be a header's name"),
        (changed('wrap = ""', 'wrap = "a..b"'), "update.wrap must be names with a dot between levels"),
        (changed('wrap = ""', "wrap = 1"), "update.wrap must be a text"),
        (changed(DUE, ""), "fields.due_date is missing"),
        (changed(DUE, f'{DUE}\ncolour = {{to = "c"}}'), "fields.colour is not known; allowed: category_action, "),
        (changed(DUE, "due_date = 1"), "fields.due_date must be a table"),
        (changed(DUE, 'due_date = {as = "unix_seconds"}'), "fields.due_date.to is missing"),
        (changed(DUE, 'due_date = {to = "a..b"}'), "fields.due_date.to must be the core's name of it"),
        (changed(DUE, 'due_date = {to = "expires_at"}'), "must differ from that of "),
        (changed(DUE, f'due_date = {{to = "{"a." * 250}b"}}'), "fields.due_date.to must be the core's name of it"),
        (changed(DUE, 'due_date = {to = "due_{key}"}'), "fields.due_date.to must have {key}, the language, exactly"),
        (changed(DUE, 'due_date = {to = "d", as = "days"}'), "fields.due_date.as must be one of: same, unix_seconds, "),
        (changed(DUE, 'due_date = {to = "d", as = "strftime:%Y@Mars"}'), "'Mars' is no time zone that this machine"),
        (changed(DUE, 'due_date = {to = "d", only = "call"}'), 'fields.due_date.only must be "answer", beside a time'),
        (changed(DUE, 'due_date = {to = "d", only = ["answer"]}'), 'fields.due_date.only must be "answer", beside a'),
        (changed('to = "category"', 'only = "answer", to = "c"'), 'fields.category_action.only must be "answer", beside'),
        (changed('id = "integer"', 'id = "path"'), "core.id_segments must be a whole number from 2 to 8: the parts "),
        (changed('id = "integer"', 'id = "path"\nid_segments = 9'), "core.id_segments must be a whole number from 2 to"),
        (changed('id = "integer"', 'id = "text"\nid_segments = 2'), 'core.id_segments must be left out, or id be "path"'),
        (changed("[core]", '[core]\nread = "/items"'), "core.read must start with a slash and have {id} once"),
        (changed("[core]", '[core]\nread = "/../{id}"'), "core.read must be a path of a URL, with a query if need be"),
        (changed('wrap = ""', 'key_form = "hex"'), "update.key_form must be one of: same, hex_upper, hex_lower; it is"),
        (changed('wrap = ""', "key_length = 20"), "update.key_length must stand beside key_form, hex_upper or hex_lower"),
        *(
            (
                changed('wrap = ""', f'key_form = "hex_upper"\nkey_length = {length}'),
                "update.key_length must be a whole number of digits from 16 to 64",
            )
            for length in ("15", "65", "true", '"20"')
        ),
        (changed('wrap = ""', 'wrap = "a[0]"'), "update.wrap must be names with a dot between levels, without brackets"),
        (changed(DUE, 'due_date = {to = "d", as = "strftime:%^d@UTC"}'), "fields.due_date.as must have a format that can"),
        (changed(DUE, 'due_date = {to = "d", words = {a = 1}}'), "fields.due_date.words must be left out: "),
        (changed("draft = 0, ", ""), "fields.status.words.draft is missing"),
        (changed("draft = 0", "draft = 1"), "fields.status.words.draft must differ from the others; 1 is there twice"),
        (changed("draft = 0", 'draft = "0"'), "fields.status.words must be all whole numbers or all texts"),
        (changed("draft = 0", "drafty = 0, draft = 0"), "fields.status.words.drafty is not known; allowed: "),
        (changed(STATUS, 'status = {to = "s", as = "upper", words = {}}'), "fields.status.words must stand without"),
        (changed(STATUS, 'status = {to = "s", as = "title"}'), "fields.status.as must be one of: same, upper, lower"),
        (changed("join:,", "join:"), 'fields.partner_ids.as must be "join:X" with a separator X, "same" for a list, or'),
        (changed("join:,", "nested:a..b"), 'fields.partner_ids.as must be "join:X" with a separator X'),
        (changed('"due_at"', '"partners.due"'), "fields.due_date.to must not stand in that of partner_ids, or hold it"),
        (changed(DUE, 'due_date = {to = "d", as = "decimal"}'), '"strftime:FORMAT@ZONE"; it is \'decimal\''),
        (changed("{Accept = ", "{Authorization = "), "update.headers.Authorization must not be a credential: GATEWAY_"),
        (changed("{Accept = ", "{X-Api-Key = "), "update.headers.X-Api-Key must not be a credential: GATEWAY_CORE_AUTH="),
        (changed("{Accept = ", "{Connection = "), "update.headers.Connection must not be the header Connection, which"),
        (changed("{Accept = ", "{traceparent = "), "update.headers.traceparent must not be the header traceparent, which"),
        (changed("{Accept = ", '{"a b" = '), "update.headers.a b must be a header's name"),
        (changed("{Accept = ", '{accept = "*/*", Accept = '), "update.headers.Accept is there twice"),
        (changed('"application/vnd', '"\\n'), "update.headers.Accept must be a text of visible ASCII, without blanks"),
        (changed("{Accept = ", '{Content-Type = "text/xml", Accept = '), "update.headers.Content-Type must be a kind of"),
        (changed("{Accept = ", "{Accept = 1, Other = "), "update.headers.Accept must be a text"),
        (changed('{Accept = "application/vnd.core.v1+json"}', "1"), "update.headers must be a table"),
        (changed('"Idempotency-Key"', '"Cookie"'), "update.key_header must not be a credential"),
        (changed('"Idempotency-Key"', '"accept"'), "update.key_header must not be the header accept, which the gateway"),
        (changed('"title_{key}"', '"title"'), "fields.title.to must have {key}, the language, exactly where"),
        (changed('"due_at"', '"title_fr"'), "fields.due_date.to must differ from that of title: 'title_fr'"),
        (changed('"due_at"', '"title_fr.x"'), "fields.due_date.to must not stand in that of title, or hold it: 'title_"),
        (changed(DUE, 'due_date = {to = "d", as = "strftime:%d.%m.%d@UTC"}'), "fields.due_date.as must have a format"),
        (changed(DUE, 'due_date = {to = "d", as = "strftime:%Q@UTC"}'), "that can be read back, each part of it once"),
        (changed("join:,", "join:-"), "fields.partner_ids.as must have a separator that no UUID holds; it is '-'"),
        (changed("join:,", "join:0"), "fields.partner_ids.as must have a separator that no UUID holds; it is '0'"),
        (changed("join:,", "join:,a"), "fields.partner_ids.as must have a separator that no UUID holds; it is ',a'"),
        (changed("draft = 0", f"draft = {2**63}"), "fields.status.words must be numbers of 64 bits"),
        (changed("draft = 0", f"draft = {'9' * 5000}"), "is not TOML: Exceeds the limit"),
        (changed("draft = 0", f"draft = {'[' * 5000}"), "is not TOML that can be read: it has too many levels"),
        (changed("/actions/{id}", "/actions#/{id}"), "update.path must be a path of a URL, with a query if need be, "),
        (changed("/actions/{id}", "/{id}/../x"), "update.path must be a path of a URL, with a query if need be, "),
        (changed("/actions/{id}", "/%2E%2e/{id}"), "update.path must be a path of a URL, with a query if need be, "),
        (changed("/actions/{id}", "//actions/{id}"), "update.path must be a path of a URL, with a query if need be, "),
        (changed("/actions/{id}", "/{tenant}/{id}"), "update.path must be a path of a URL, with a query if need be, "),
        (changed("/actions/{id}", f"/{'x' * 1001}/{{id}}"), "update.path must be a path of a URL, with a query if need"),
        *(
            (changed('id = "integer"', f'id = "digits"\nid_width = {width}'), "core.id_width must be a whole number of d")
            for width in ("0", "21", "true", '"10"')
        ),
        (changed('id = "integer"', 'id = "text"\nid_width = 10'), "core.id_width must be left out, or id be one of: "),
        (changed('id = "integer"', 'languages = "EN"'), "core.languages must be a table"),
        (changed('id = "integer"', 'languages = {en = "E.N"}'), "core.languages.en must be 1 to 32 letters, digits, "),
        (changed('id = "integer"', 'languages = {en = "E", fr = "E"}'), "core.languages.en must differ from the others"),
        (
            changed("[core]", '[core]\nlanguages = {en = "EN"}').replace('"due_at"', '"title_EN"'),
            "fields.due_date.to must differ from that of title: 'title_EN'",
        ),
        (changed(DUE, 'due_date = {to = "id"}'), "fields.due_date.to must differ from that of the id: 'id'"),
        (changed(DUE, 'due_date = {to = "id.due"}'), "fields.due_date.to must not stand in that of the id, or hold it"),
        (
            changed(DUE, 'due_date = {to = "no"}').replace('id_at = "id"', 'id_at = "no"'),
            "fields.due_date.to must differ from that of the id: 'no'",
        ),
        (changed("draft = 0", "draft = 1"), "1 is there twice, and fields.status.read does not say as which word it"),
        (changed(STATUS, _read("1 = 'active'")), "fields.status.read.1 must be a word that is sent so, like 'draft'"),
        (changed(STATUS, _read("1 = 'drafty'")), "fields.status.read.1 must be one of: draft, pending, active, "),
        (changed(STATUS, _read("x = 'draft'")), "fields.status.read.x must be a whole number, as the words are"),
        *(
            (changed(STATUS, _read(f"'{number}' = 'draft'")), "must be a whole number, as the words are, without zeros")
            for number in ("07", "7_0", " 7", "+7", "-0", "9" * 20)
        ),
        (changed(STATUS, 'status = {to = "s", read = {1 = "draft"}}'), "fields.status.read must stand beside 'words'"),
        (changed(DUE, 'due_date = {to = "d", null = true}'), "fields.due_date.null must be a text or a whole number"),
        (changed(DUE, f'due_date = {{to = "d", null = {2**63}}}'), "fields.due_date.null must be a number of 64 bits"),
        (changed("inactive = 9}", "inactive = 9}, null = 9"), "fields.status.null must differ from the words; 9 is one"),
        (changed('as = "upper"', 'as = "upper", null = "LINK"'), "category_action.null must differ from the words; 'LINK'"),
        (changed('id_at = "id"', 'id_at = "a..b"'), "answers.id_at must be names with a dot between levels"),
        (changed(DUE, _zoned("")), "fields.due_date.zones must say what each name of a zone stands for, exactly where"),
        (changed(DUE, _zoned(", zones = {MEZ = '+01:00'}")), "zones must have a name for +02:00, which Europe/Berlin has"),
        (changed(DUE, _zoned(", zones = {MEZ = '1'}")), "fields.due_date.zones.MEZ must be an offset, like '+01:00', or"),
        (changed(DUE, _zoned(", zones = {'' = '+01:00'}")), "fields.due_date.zones must have no empty name"),
        (changed(DUE, 'due_date = {to = "d", zones = {A = "Z"}}'), "zones must stand beside as = \"strftime:FORMAT@ZONE\""),
        (changed(DUE, 'due_date = {to = "d", count = "n"}'), "fields.due_date.count must be left out: the field is no"),
        (changed(DUE, 'due_date = {to = "d", each = "upper"}'), "fields.due_date.each must be left out: the field is no"),
        (changed('as = "join:,"', 'as = "join:,", count = "n"'), "fields.partner_ids.count must be left out: it is that"),
        (changed('as = "join:,"', 'as = "same", count = "due_at"'), "fields.due_date.to must differ from that of the coun"),
        (changed('as = "join:,"', 'as = "same", count = "partners"'), "count must not stand where partner_ids does: "),
        (changed('as = "join:,"', 'as = "same", count = "a..b"'), "fields.partner_ids.count must be the core's name of it"),
        (changed('as = "join:,"', 'as = "same", each = "hex"'), "fields.partner_ids.each must be one of: same, upper, "),
        *(
            (changed("title_{key}", place), "fields.title.to must be the core's name of it, with a dot between levels, and")
            for place in ("t[x={key}]", "t[x].{key}", "t[={key}].a", "t[x={key}].x", "[x={key}].a", "t[x={key}]y.a")
        ),
        (changed('"subtitle_{key}"', '"t[x={key}]"').replace("title_{key}", "t[x={key}].a"), "fields."),
        (
            changed('"subtitle_{key}"', '"t.{key}.b"').replace('"title_{key}"', '"t[x={key}].a"'),
            "fields.subtitle.to must not stand in that of title, or hold it",
        ),
        (changed("[core]", '"a\\nb\\u001b" = 1\n[core]'), "a\\nb\\x1b is not known; allowed: core, update, fields"),
        (changed("[core]", f'{"x" * 500} = 1\n[core]'), f"{'x' * 120} is not known; allowed: "),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_map_is_told_with_its_place(text: str, refusal: str):
    with pytest.raises(CoreMapError) as refused:
        read_core_map(text, SCHEMA)

    assert refusal in str(refused.value)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("path", ["/a?id={id}", "/v1.2/%C3%A9t%C3%A9/({id})", "/rpc/{id}:update"])
def test_a_path_may_be_any_of_a_url(path: str):
    assert read_core_map(changed("/actions/{id}", path), SCHEMA).update.path == path


def test_no_language_may_have_the_name_that_the_map_gives_another():
    with pytest.raises(CoreMapError, match=r"^core.languages.en must differ from the others; 'fr' is there twice$"):
        actions(("en", "fr"), 1, lambda: None, changed("[core]", '[core]\nlanguages = {en = "fr"}'))


def test_a_place_is_taken_by_the_cores_name_of_a_language_and_not_by_ours():
    text = changed("[core]", '[core]\nlanguages = {en = "EN"}').replace('"due_at"', '"title_en"')

    assert actions(("en",), 1, lambda: None, text).translation.to_legacy(
        {"actionId": "7", "title": {"en": "x"}, "due_date": "1970-01-01 00:00:01"}
    ) == {"title_EN": "x", "title_en": 1}


def test_entries_of_one_list_may_be_known_by_different_names():
    text = changed("title_{key}", "texts[lang={key}].title").replace('to = "due_at"', 'to = "texts[of=due].at"')
    translation = actions(("en",), 1, lambda: None, text).translation
    legacy = translation.to_legacy({"actionId": "7", "title": {"en": "x"}, "due_date": "1970-01-01 00:00:01"})

    assert legacy == {"texts": [{"lang": "en", "title": "x"}, {"of": "due", "at": 1}]}
    assert translation.from_legacy("7", legacy) == {
        "actionId": "7",
        "title": {"en": "x"},
        "due_date": "1970-01-01 00:00:01",
    }


# The letters of which places are made.
_PLACES = st.text(alphabet="ab.[]={}", max_size=8)
_ROWS = st.sampled_from(
    ['to = "category"', 'to = "title_{key}"', 'to = "due_at"', 'id_at = "id"', 'errors_at = "errors"', 'wrap = ""']
)


@given(row=_ROWS, place=_PLACES)
@settings(max_examples=150)
def test_a_place_is_taken_or_refused_in_one_line(row: str, place: str):
    assert "\n" not in _refusal(changed(row, f'{row.partition(" = ")[0]} = "{place}"'))


def _refusal(text: str) -> str:
    try:
        check_core_map(text)
    except CoreMapError as exc:
        return str(exc)
    return ""
