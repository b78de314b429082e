"""Bodies that are JSON and mean harm: confused types, paths in ids, unicode twins, prototype names, bombs and crowds.

Each is refused with a problem of its own and no call to the core, within bounded time and with a small answer.
"""

from __future__ import annotations

import gzip
import itertools
import json
import zlib

import pytest

from tests.api.hostile.hostility import Endless, refused, stream

# Hostile input must not buy much work; a slow machine still ends far below this.
pytestmark = pytest.mark.timeout(30)


def batch(*items):
    return json.dumps({"data": list(items)}).encode()


def action(**fields):
    return batch({"actionId": "1", **fields})


ACTION_IDS = {
    "dot-dot": "..",
    "dot-dot-slash": "../1",
    "encoded dots": "%2e%2e",
    "encoded slash": "1%2f2",
    "double-encoded": "%252e%252e",
    "through a sibling": "1/../2",
    "backslash": "1\\..\\2",
    "matrix parameter": "1;x",
    "query": "1?admin=true",
    "fragment": "1#x",
    "userinfo": "1@evil.example",
    "absolute URL": "http://evil.example/1",
    "scheme-relative": "//evil.example",
    "leading space": " 1",
    "trailing space": "1 ",
    "trailing line feed": "1\n",
    "header in the id": "1\r\nHost: evil.example",
    "request in the id": "1 HTTP/1.1\r\n\r\nDELETE /actions/2",
    "NUL": "1\x00",
    "NUL in front": "\x001",
    "vertical tab": "1\x0b",
    "next line": "1\x85",
    "full-width digits": "１２",
    "Arabic digits": "١٢٣",
    "superscript digit": "²",
    "circled digit": "①",
    "mathematical digits": "𝟙𝟚",
    "right-to-left override": "\u202e21",
    "left-to-right mark": "1\u200e",
    "zero-width space": "1\u200b2",
    "combining mark": "1\u0301",
    "plus sign": "+1",
    "minus sign": "-1",
    "exponent": "1e3",
    "hexadecimal": "0x1",
    "octal": "0o1",
    "underscores of Python": "1_000",
    "decimal": "1.0",
    "thousands": "1,000",
    "SQL": "1 OR 1=1",
    "template": "{{7*7}}",
    "format string": "%s%n",
    "shell": "$(id)",
    "JNDI": "${jndi:ldap://evil.example/a}",
    "wildcard": "*",
    "the word null": "null",
    "zeros": "0" * 20,
    "negative zero": "-0",
    "21 digits": "1" * 21,
    "a million digits": "1" * 1_000_000,
    "a float": 1.0,
    "a float of exponent": 1e2,
    "negative": -1,
    "over twenty digits": 10**20,
    "three hundred digits": 10**300,
    "a bool": True,
    "an array": ["1"],
    "an operator": {"$gt": ""},
}


@pytest.mark.parametrize("action_id", ACTION_IDS.values(), ids=ACTION_IDS.keys())
def test_an_id_is_a_plain_number_or_refused(service, action_id):
    body = batch({"actionId": "7", "status": "done"}, {"actionId": action_id, "status": "done"})

    refused(service, service.patch(body=body), 400, "validation-failed")


FIELDS = ("category_action", "type_action", "status", "title", "subtitle", "details", "partner_ids", "effective_date",
          "due_date", "expires_at", "author_id")  # fmt: skip
WRONG = {
    "true": True,
    "zero": 0,
    "a huge integer": 10**30,
    "a float": -0.0,
    "an empty string": "",
    "a string of JSON": '{"en": "x"}',
    "an empty array": [],
    "an array in an array": [[]],
    "an array of nulls": [None],
    "an empty object": {},
    "an operator": {"$ne": None},
    "an object like an array": {"0": "x", "length": 1},
    "a nested language": {"en": {"en": "x"}},
    "an array as text": {"en": ["x"]},
    "a null text": {"en": None},
}


@pytest.mark.parametrize("value", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("field", FIELDS)
def test_a_value_of_another_type_is_refused_in_every_field(service, field, value):
    refused(service, service.patch(body=action(**{field: value})), 400, "validation-failed")


ENVELOPES = {
    "an object for the array": {"data": {}},
    "an object like an array": {"data": {"0": {"actionId": "1", "status": "done"}, "length": 1}},
    "a string": {"data": "[]"},
    "a number": {"data": 1},
    "an array in an array": {"data": [[{"actionId": "1", "status": "done"}]]},
    "items of null": {"data": [None]},
    "items of numbers": {"data": [1, 2]},
    "items of strings": {"data": ['{"actionId":"1"}']},
    "the array alone": [{"actionId": "1", "status": "done"}],
    "the item alone": {"actionId": "1", "status": "done"},
    "another spelling": {"Data": [{"actionId": "1", "status": "done"}]},
    "a second envelope": {"data": [{"actionId": "1", "status": "done"}], "Data": []},
    "an option in the body": {"data": [{"actionId": "1", "status": "done"}], "dry_run": False},
    "a look-alike of data": {"d\u0430ta": [{"actionId": "1", "status": "done"}]},
    "a prototype around": {"data": [{"actionId": "1", "status": "done"}], "__proto__": {"isAdmin": True}},
}


@pytest.mark.parametrize("document", ENVELOPES.values(), ids=ENVELOPES.keys())
def test_an_envelope_that_is_confused_is_refused(service, document):
    refused(service, service.patch(body=json.dumps(document)), 400, "validation-failed")


NAMES = (
    "__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "__class__", "__init__", "__dict__",
    "_schema", "self", "item", "data", "id", "state", "category", "partners", "title_en", "title.en", "Status",
    "STATUS", "status ", "\ufeffstatus", "st\u0430tus", "ｓtatus", "status\x00", "status\r\nX-Evil: 1", "\u202estatus",
    "", ".", "$where", "actionid", "action_id", "actionId[]", "../status", "author_id", "x" * 100_000,
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=lambda name: repr(name[:20]))
def test_a_name_that_is_not_of_the_contract_is_refused(service, name):
    refused(service, service.patch(body=action(status="done", **{name: {"isAdmin": True}})), 400, "validation-failed")


@pytest.mark.parametrize("language", ["__proto__", "constructor", "EN", "en ", "e\u0301n", "е\u043d", "en-GB", "*", ""])
def test_a_language_that_is_not_of_the_contract_is_refused(service, language):
    refused(service, service.patch(body=action(title={"en": "x", language: "y"})), 400, "validation-failed")


UUID = "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00"
TEXTS = {
    "the choice in other letters": {"status": "аctive"},
    "the choice with a line feed": {"status": "active\n"},
    "the choice with NUL": {"status": "active\x00"},
    "the choice with a mark": {"status": "active\u200e"},
    "a date with full-width digits": {"due_date": "２０２４-01-10 06:51:15"},
    "a date with a line feed": {"due_date": "2024-01-10 06:51:15\n"},
    "a date with NUL": {"due_date": "2024-01-10\x0006:51:15"},
    "a date in year zero": {"due_date": "0000-01-01 00:00:00"},
    "a leap second": {"due_date": "2016-12-31 23:59:60"},
    "a date with a fraction": {"due_date": "2024-01-10 06:51:15.5"},
    "a UUID in braces": {"partner_ids": [f"{{{UUID}}}"]},
    "a UUID without hyphens": {"partner_ids": [UUID.replace("-", "")]},
    "a UUID as a URN": {"partner_ids": [f"urn:uuid:{UUID}"]},
    "a UUID with a comma": {"partner_ids": [UUID + ",x"]},
    "a UUID with a line feed": {"partner_ids": [UUID + "\n"]},
    "a UUID with full-width digits": {"partner_ids": ["８" + UUID[1:]]},
    "the same UUID in two cases": {"partner_ids": [UUID, UUID.upper()]},
    "a title of a million": {"title": {"en": "x" * 1_000_000}},
    "a title long only in code points": {"title": {"en": "e\u0301" * 128}},
}  # fmt: skip


@pytest.mark.parametrize("fields", TEXTS.values(), ids=TEXTS.keys())
def test_a_text_that_only_looks_right_is_refused(service, fields):
    refused(service, service.patch(body=action(**fields)), 400, "validation-failed")


@pytest.mark.parametrize(
    ("first", "second"), [("1", "01"), ("1", 1), (7, "0" * 19 + "7")], ids=["zeros", "number", "padded"]
)
def test_one_action_under_two_spellings_is_one_action(service, first, second):
    items = [{"actionId": action_id, "status": "done"} for action_id in (first, second)]

    refused(service, service.patch(*items), 400, "validation-failed")


def colliding_names(doublings):
    """2 to that power names with one hash in the languages that hash strings as a polynomial of 31."""
    return ["".join(pairs) for pairs in itertools.product(("Aa", "BB"), repeat=doublings)]


CROWDS = {
    "a million empty objects": (lambda: b'{"data":[' + b"{}," * 999_999 + b"{}]}", 413, "body-too-large"),
    "a million nulls": (lambda: b'{"data":[' + b"null," * 999_999 + b"null]}", 413, "body-too-large"),
    "a million empty arrays": (lambda: b'{"data":[' + b"[]," * 999_999 + b"[]]}", 413, "body-too-large"),
    "two million numbers": (lambda: b'{"data":[' + b"1," * 1_999_999 + b"1]}", 413, "body-too-large"),
    "a million characters of white space": (lambda: b" " * 1_000_000 + b"{}", 400, "validation-failed"),
    "names that collide in one item": (
        lambda: action(**dict.fromkeys(colliding_names(14), 1)), 400, "validation-failed"),
    "names that collide in the envelope": (
        lambda: json.dumps(dict.fromkeys(colliding_names(14), 1)), 400, "validation-failed"),
    "65,536 names that collide in one item": (
        lambda: action(**dict.fromkeys(colliding_names(16), 1)), 413, "body-too-large"),
    "65,536 names that collide in the envelope": (
        lambda: json.dumps(dict.fromkeys(colliding_names(16), 1)), 413, "body-too-large"),
    "numbers that collide": (
        lambda: batch(*[{"actionId": (2**61 - 1) * n, "x": 1} for n in range(1, 40)]), 400, "validation-failed"),
    "three hundred thousand names": (
        lambda: action(**{f"{number:x}": 1 for number in range(300_000)}), 413, "body-too-large"),
    "a thousand items of a hundred errors": (
        lambda: batch(*[{"actionId": "x", **{f"f{n}": 1 for n in range(100)}} for _ in range(1000)]),
        413, "body-too-large"),
    "a name of four megabytes": (lambda: action(**{"x" * 4_000_000: 1}), 400, "validation-failed"),
    "a name that escapes to six times its size": (lambda: action(**{"\x01" * 500_000: 1}), 400, "validation-failed"),
    "a string of backslashes": (lambda: action(status="\\" * 2_000_000), 400, "validation-failed"),
    "a string of quotes": (lambda: action(status='"' * 2_000_000), 400, "validation-failed"),
    "a string of brackets": (lambda: action(status="[{" * 2_000_000), 400, "validation-failed"),
    "brackets side by side": (lambda: b'{"data":' + b"[[]" + b",[]" * 1_000_000 + b"]}", 413, "body-too-large"),
    "a quarter million floats": (lambda: action(partner_ids=[1.5] * 250_000), 413, "body-too-large"),
    "a hundred thousand partners": (lambda: action(partner_ids=["x"] * 100_000), 413, "body-too-large"),
    "a number of four megabytes": (lambda: b'{"data":' + b"9" * 4_000_000 + b"}", 400, "invalid-json"),
    "numbers of 300 digits": (
        lambda: b'{"data":[{"actionId":"1","x":[' + (b"9" * 300 + b",") * 15_000 + b"1]}]}", 400, "validation-failed"),
    "numbers of 4,300 digits": (
        lambda: b'{"data":[{"actionId":"1","x":[' + (b"9" * 4300 + b",") * 1000 + b"1]}]}", 400, "invalid-json"),
    "a fraction of four megabytes": (lambda: b'{"data":0.' + b"1" * 4_000_000 + b"}", 400, "validation-failed"),
    "deep objects in every item": (
        lambda: batch(*[{"actionId": "1", "x": json.loads('{"a":' * 28 + "1" + "}" * 28)}] * 150), 400,
        "validation-failed"),
    "deep objects in every one of 500 items": (
        lambda: batch(*[{"actionId": "1", "x": json.loads('{"a":' * 28 + "1" + "}" * 28)}] * 500), 413,
        "body-too-large"),
    "one level too deep in the last item": (
        lambda: batch({"actionId": "1", "x": json.loads("[" * 30 + "]" * 30)}), 400, "invalid-json"),
    "over the limit by one byte": (lambda: b" " * (5 * 2**20 + 1), 413, "body-too-large"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "status", "slug"), CROWDS.values(), ids=CROWDS.keys())
def test_a_crowd_costs_one_refusal(service, make, status, slug):
    refused(service, service.patch(body=make()), status, slug)


def bomb(plain_bytes):
    """Gzip of so many spaces, made without holding them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    parts = [packer.compress(b" " * 2**20) for _ in range(plain_bytes // 2**20)]
    return b"".join([*parts, packer.flush()])


VALID = batch({"actionId": "1", "status": "done"})
WRAPPED = {
    "a bomb of 128 MiB": (lambda: bomb(2**27), 413, "body-too-large"),
    "a bomb that is a batch at its end": (lambda: gzip.compress(b" " * 6_000_000 + VALID), 413, "body-too-large"),
    "gzip in gzip": (lambda: gzip.compress(gzip.compress(VALID)), 400, "invalid-json"),
    "a bomb in gzip": (lambda: gzip.compress(bomb(2**26)), 400, "invalid-json"),
    "two members of a batch each": (lambda: gzip.compress(VALID) + gzip.compress(VALID), 400, "invalid-json"),
    "members over the limit together": (lambda: gzip.compress(b" " * 3_000_000) * 2, 413, "body-too-large"),
    "members of nothing without end": (lambda: gzip.compress(b"") * 200_000, 400, "bad-request"),
    "a second member cut short": (lambda: gzip.compress(VALID) + gzip.compress(b" ")[:-1], 400, "bad-request"),
    "a member and something else": (lambda: gzip.compress(VALID) + b"else", 400, "bad-request"),
    "a member, zeros and something else": (lambda: gzip.compress(VALID) + b"\x00" * 20 + b"else", 400, "bad-request"),
    "zeros alone": (lambda: b"\x00" * 20, 400, "bad-request"),
    "zeros in front": (lambda: b"\x00" + gzip.compress(VALID), 400, "bad-request"),
    "nothing at all": (lambda: b"", 400, "bad-request"),
    "an empty member": (lambda: gzip.compress(b""), 400, "invalid-json"),
    "a wrong checksum": (lambda: gzip.compress(VALID)[:-8] + b"\x00" * 8, 400, "bad-request"),
    "a wrong length": (lambda: gzip.compress(VALID)[:-4] + b"\xff" * 4, 400, "bad-request"),
    "cut in the middle": (lambda: gzip.compress(VALID)[:-12], 400, "bad-request"),
    "a head without end": (lambda: b"\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x03" + b"a" * 4_000_000, 400, "bad-request"),
    "zlib, not gzip": (lambda: zlib.compress(VALID), 400, "bad-request"),
    "plain JSON": (lambda: VALID, 400, "bad-request"),
    "a million blocks of nothing": (
        lambda: gzip.compress(b"")[:10] + b"\x00\x00\x00\xff\xff" * 1_000_000, 400, "bad-request"),
    "blocks of nothing over the limit": (
        lambda: gzip.compress(b"")[:10] + b"\x00\x00\x00\xff\xff" * 1_100_000, 413, "body-too-large"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "status", "slug"), WRAPPED.values(), ids=WRAPPED.keys())
def test_a_wrapped_body_is_opened_within_bounds(service, make, status, slug):
    refused(service, service.patch(body=make(), Content_Encoding="gzip"), status, slug)


@pytest.mark.parametrize("size", [1, 7, 40, len(VALID)])
def test_members_of_gzip_are_one_body(service, size):
    body = b"".join(gzip.compress(VALID[start : start + size]) for start in range(0, len(VALID), size))

    assert service.patch(body=gzip.compress(b"") + body, Content_Encoding="gzip").status_code == 200


@pytest.mark.parametrize("zeros", [1, 20, 511, 100_000])
def test_zeros_after_the_last_gzip_member_are_padding(service, zeros):
    body = gzip.compress(VALID) + b"\x00" * zeros

    assert service.patch(body=body, Content_Encoding="gzip").status_code == 200


@pytest.mark.parametrize("junk", [b"junk", gzip.compress(b" ")], ids=["junk", "members"])
def test_what_follows_a_gzip_member_without_end_is_not_gathered(service, junk):
    body = Endless(gzip.compress(VALID), junk * (65_536 // len(junk)))

    refused(service, stream(service, body), 400, "bad-request")
    assert body.served < 2**20


def test_padding_without_end_is_read_as_far_as_a_body_may_be_long(service):
    body = Endless(gzip.compress(VALID), b"\x00" * 65_536)

    refused(service, stream(service, body), 413, "body-too-large")
    assert body.served < 6 * 2**20


def test_compressed_bytes_that_open_to_nothing_are_counted_too(service):
    body = Endless(gzip.compress(b"")[:10], b"\x00\x00\x00\xff\xff" * 13_107)

    refused(service, stream(service, body), 413, "body-too-large")
    assert body.served < 6 * 2**20
