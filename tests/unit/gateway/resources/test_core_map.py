"""A map of a core is read once, refused with the place and the mend, and loses nothing in silence."""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.resources import converters
from gateway.resources.actions import actions
from gateway.resources.core_map import CoreMapError, read_core_map, shipped
from legacy_client.operations import HEADERS
from legacy_client.template import RequestTemplate
from schemas.actions import ActionUpdateSchema

SCHEMA = ActionUpdateSchema(languages=("en", "fr"))
WORDS = ("validation", "link", "form", "todo", "schedule")
TEXTS = ("", "Leave approval", "Validation de congé", '\U0001f600 "quoted"\\', "x" * 255)


def generated(count):
    """Items of every shape, always the same."""
    chance = random.Random(19353)
    fields = {
        "category_action": lambda: chance.choice(WORDS),
        "type_action": lambda: chance.choice(WORDS),
        "status": lambda: chance.choice(("active", "inactive", "draft", "approved", "pending", "done")),
        "title": lambda: {each: chance.choice(TEXTS) for each in chance.sample(("en", "fr"), chance.randint(1, 2))},
        "subtitle": lambda: chance.choice((None, {"en": chance.choice(TEXTS)})),
        "details": lambda: {"fr": chance.choice(TEXTS) * 3},
        "partner_ids": lambda: [
            f"{chance.getrandbits(32):08x}-0000-4000-8000-{chance.getrandbits(48):012x}"
            for _ in range(chance.randint(0, 3))
        ],
        "effective_date": lambda: chance.choice((None, f"{chance.randint(1, 9999):04}-02-28 23:59:59")),
        "due_date": lambda: (
            f"20{chance.randint(10, 99)}-{chance.randint(1, 12):02}-01 00:00:{chance.randint(0, 59):02}"
        ),
        "expires_at": lambda: chance.choice((None, "9999-12-31 23:59:59", "1969-12-31 23:59:59")),
    }
    return [
        {
            "actionId": str(number),
            **{name: fields[name]() for name in chance.sample(list(fields), chance.randint(1, len(fields)))},
        }
        for number in range(1, count + 1)
    ]


def test_the_shipped_map_makes_the_same_bytes_as_the_code_did_before_it():
    translation = actions(("en", "fr"), 1, lambda: None).translation
    sent, shown = hashlib.sha256(), hashlib.sha256()
    for item in generated(10_000):
        legacy = translation.to_legacy(item)
        sent.update(orjson.dumps(legacy) + b"\n")
        answered = {"id": int(item["actionId"]), **legacy, "author": 7}
        shown.update(orjson.dumps(translation.from_legacy(item["actionId"], answered)) + b"\n")

    # Made with the code of commit 74d0a83, which had these words in Python.
    assert sent.hexdigest() == "db6d7e96d7d80b774ed9cc40fc37a05c447b425435214bc55b575d0308c5fd1a"
    assert shown.hexdigest() == "523da752a62719561ad8724b0fe709f7cc4d95d2b53b2a63b13a5d7cdea81cf2"


def changed(line: str, becomes: str) -> str:
    """The shipped map with another line."""
    text = shipped()
    assert line in text
    return text.replace(line, becomes)


STATUS = 'status = {to = "state", words = {draft = 0, pending = 1, active = 2, approved = 3, done = 4, inactive = 9}}'
DUE = 'due_date = {to = "due_at", as = "unix_seconds"}'


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("[core", "is not TOML: "),
        ("", "core is missing"),
        (changed('id = "integer"', 'id = "uuid"'), "core.id must be one of: integer, digits; it is 'uuid'"),
        (changed("[core]", "[colour]\n[core]"), "colour is not known; allowed: core, update, fields"),
        (changed('"PATCH"', '"DELETE"'), "update.method must be one of: PATCH, PUT, POST; it is 'DELETE'"),
        (changed("/actions/{id}", "actions/{id}"), "update.path must start with a slash and have {id} once"),
        (changed("/actions/{id}", "/actions"), "update.path must start with a slash and have {id} once"),
        (changed("Idempotency-Key", "a b"), "update.key_header must be a header's name"),
        (changed('wrap = ""', "wrap = 1"), "update.wrap must be a text"),
        (changed(DUE, ""), "fields.due_date is missing"),
        (changed(DUE, f'{DUE}\ncolour = {{to = "c"}}'), "fields.colour is not known; allowed: category_action, "),
        (changed(DUE, "due_date = 1"), "fields.due_date must be a table"),
        (changed(DUE, 'due_date = {as = "unix_seconds"}'), "fields.due_date.to is missing"),
        (changed(DUE, 'due_date = {to = "a..b"}'), "fields.due_date.to must be the core's name of it"),
        (changed(DUE, 'due_date = {to = "expires_at"}'), "must differ from that of "),
        (changed(DUE, 'due_date = {to = "due_{key}"}'), "fields.due_date.to must have {key}, the language, exactly"),
        (changed(DUE, 'due_date = {to = "d", as = "days"}'), "fields.due_date.as must be one of: same, unix_seconds, "),
        (changed(DUE, 'due_date = {to = "d", as = "strftime:%Y@Mars"}'), "'Mars' is no time zone that this machine"),
        (changed(DUE, 'due_date = {to = "d", only = "answer"}'), 'fields.due_date.only must be "answer" for a field'),
        (changed(DUE, 'due_date = {to = "d", words = {a = 1}}'), "fields.due_date.words must be left out: "),
        (changed("draft = 0, ", ""), "fields.status.words.draft is missing"),
        (changed("draft = 0", "draft = 1"), "fields.status.words.draft must differ from the others; 1 is there twice"),
        (changed("draft = 0", 'draft = "0"'), "fields.status.words must be all whole numbers or all texts"),
        (changed("draft = 0", "drafty = 0, draft = 0"), "fields.status.words.drafty is not known; allowed: "),
        (changed(STATUS, 'status = {to = "s", as = "upper", words = {}}'), "fields.status.words must stand without"),
        (changed(STATUS, 'status = {to = "s", as = "title"}'), "fields.status.as must be one of: same, upper, lower"),
        (changed("join:,", "join:"), 'fields.partner_ids.as must be "join:X" with a separator X, or "same"'),
        (changed('"title_{key}"', '"title"'), "fields.title.to must have {key}, the language, exactly where"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_map_is_told_with_its_place(text: str, refusal: str):
    with pytest.raises(CoreMapError) as refused:
        read_core_map(text, SCHEMA)

    assert refusal in str(refused.value)
    assert "\n" not in str(refused.value)


OTHER = """
[core]
id = "digits"
[update]
method = "POST"
path = "/rpc/actions/{id}/update"
key_header = "X-Once"
wrap = "action"
[fields]
category_action = {to = "kind.category", as = "lower"}
type_action = {to = "kind.type", words = {validation = "V", link = "L", form = "F", todo = "T", schedule = "S"}}
status = {to = "status"}
title = {to = "texts.title.{key}"}
subtitle = {to = "texts.subtitle.{key}"}
details = {to = "details_{key}"}
partner_ids = {to = "partners", as = "same"}
effective_date = {to = "plan.from", as = "iso8601"}
due_date = {to = "plan.due", as = "strftime:%d.%m.%Y %H:%M:%S@Europe/Paris"}
expires_at = {to = "plan.end", as = "unix_millis"}
author_id = {to = "audit.author"}
"""
PUBLIC = {
    "actionId": "19353",
    "category_action": "form",
    "type_action": "link",
    "status": "active",
    "title": {"en": "a", "fr": "b"},
    "subtitle": None,
    "partner_ids": ["8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00"],
    "effective_date": "2024-01-10 06:51:15",
    "due_date": "2024-07-10 06:51:15",
    "expires_at": "2024-01-10 06:51:15",
}
LEGACY = {
    "kind": {"category": "form", "type": "L"},
    "status": "active",
    "texts": {"title": {"en": "a", "fr": "b"}, "subtitle": {"en": None, "fr": None}},
    "partners": ["8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00"],
    "plan": {"from": "2024-01-10T06:51:15Z", "due": "10.07.2024 08:51:15", "end": 1704869475000},
}


def test_another_core_is_spoken_to_in_its_own_words():
    resource = actions(("en", "fr"), 10, lambda: None, OTHER)
    call = resource.call(PUBLIC)
    request = resource.operation.write(RequestTemplate("POST", "http://core/x", HEADERS), call, "key")

    assert resource.translation.to_legacy(PUBLIC) == LEGACY
    assert (request.method, request.url) == ("POST", "http://core/x/rpc/actions/19353/update")
    assert orjson.loads(request.body) == {"action": LEGACY}
    assert request.headers["X-Once"] == "key-19353"
    assert "Idempotency-Key" not in request.headers
    assert resource.operation.expected_id(call) == "19353"


def test_another_cores_answer_becomes_public_again():
    translation = actions(("en", "fr"), 10, lambda: None, OTHER).translation

    assert translation.from_legacy("19353", LEGACY | {"audit": {"author": 7}}) == PUBLIC | {"author_id": 7}


def test_what_such_an_answer_spoils_is_named_and_what_it_lacks_is_not_there():
    translation = actions(("en", "fr"), 10, lambda: None, OTHER).translation
    spoilt = {"kind": "none", "plan": {"due": "tomorrow", "end": 1.5, "from": "2024-01-10T07:51:15.9+01:00"}}

    assert translation.from_legacy("1", spoilt) == {
        "actionId": "1",
        "unreadable": ["due_date", "expires_at"],
        "effective_date": "2024-01-10 06:51:15",
    }


def test_the_cores_errors_are_told_under_the_public_names():
    translation = actions(("en", "fr"), 10, lambda: None, OTHER).translation

    assert translation.errors_to_public({"plan.due": ["late"], "texts.title.fr": ["long"], "x": ["?"]}) == {
        "due_date": ["late"],
        "title.fr": ["long"],
        "other": ["?"],
    }


TIMES = st.datetimes(datetime(1900, 1, 2), datetime(9999, 12, 30)).map(lambda each: each.replace(microsecond=0))  # noqa: DTZ001 -- public times have no zone


@given(TIMES)
def test_each_conversion_of_a_time_has_its_inverse(moment: datetime):
    public = str(moment)
    for conversion in (
        converters.times_as_sent(),
        converters.times_in_seconds(),
        converters.times_in_millis(),
        converters.times_as_texts("", "UTC"),
        converters.times_as_texts("%Y%m%d%H%M%S", "UTC"),
        converters.times_as_texts("%Y-%m-%dT%H:%M:%S%z", "Asia/Kolkata"),
    ):
        assert conversion.read(conversion.write(public)) == public
        assert conversion.write(None) is None
        # A table never sees null.
        assert conversion.table is not None or conversion.read(None) is None


@given(TIMES)
def test_a_time_with_its_zone_is_read_as_the_same_moment(moment: datetime):
    aware = moment.replace(tzinfo=UTC) + timedelta(hours=3)
    there = aware.astimezone(tz=None).isoformat()

    assert converters.times_as_texts("", "UTC").read(there) == str(aware.replace(tzinfo=None))


@pytest.mark.parametrize("value", [1, True, 1.0, [], {}, "", "2024-13-01 00:00:00", "now"])
def test_what_is_no_time_is_not_read_as_one(value: object):
    for conversion in (converters.times_as_sent(), converters.times_as_texts("%Y-%m-%d %H:%M:%S", "UTC")):
        with pytest.raises(ValueError):  # noqa: PT011 -- the message is the library's
            conversion.read(value)


def test_a_public_time_in_another_spelling_is_not_shown():
    with pytest.raises(ValueError):  # noqa: PT011 -- no message
        converters.times_as_sent().read("2024-1-1 0:0:0")


@given(st.lists(st.uuids().map(str), max_size=3))
def test_lists_of_ids_come_back(ids: list[str]):
    for conversion in (converters.joined(","), converters.joined(" | "), converters.as_list()):
        assert conversion.read(conversion.write(ids)) == ids
