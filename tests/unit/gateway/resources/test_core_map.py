"""A map of a core is read once, refused with the place and the mend, and loses nothing in silence."""

from __future__ import annotations

import hashlib
import random
import re

import orjson
import pytest

from gateway.resources.actions import actions
from schemas.batches import InvalidBatch
from tests.doubles.core_maps import changed

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
    request = resource.operation.write(resource.operation.template("http://core/x"), call, "key")

    assert resource.translation.to_legacy(PUBLIC) == LEGACY
    assert (request.method, request.url) == ("POST", "http://core/x/rpc/actions/19353/update")
    assert orjson.loads(request.body) == {"action": LEGACY}
    assert request.headers["X-Once"] == "key-19353"
    assert "Idempotency-Key" not in request.headers
    assert request.headers["Accept"] == "application/json"
    assert resource.operation.expected_id(call) == "19353"


def test_a_method_of_the_cores_own_is_that_of_the_call():
    resource = actions(("en", "fr"), 10, lambda: None, changed('"PATCH"', '"MERGE"'))
    request = resource.operation.write(resource.operation.template("http://core"), resource.call(PUBLIC), "key")

    assert request.method == "MERGE"
    assert request.parts[0].startswith(b"MERGE /actions/19353 HTTP/1.1\r\n")


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


EXAMPLE = """
[core]
id = "integer"
[update]
method = "PATCH"
path = "/actions/{id}"
headers = {Accept = "application/vnd.core.v1+json"}
key_header = "Idempotency-Key"
wrap = ""
[fields]
category_action = {to = "category", words = {validation = "VALIDATION", link = "LINK", form = "FORM", todo = "TODO", schedule = "SCHEDULE"}}
type_action = {to = "type", as = "upper"}
status = {to = "state", words = {draft = 0, pending = 1, active = 2, approved = 3, done = 4, inactive = 9}}
title = {to = "title_{key}"}
subtitle = {to = "subtitle_{key}"}
details = {to = "details_{key}"}
partner_ids = {to = "partners", as = "join:,"}
effective_date = {to = "effective_at", as = "unix_seconds"}
due_date = {to = "due_at", as = "unix_seconds"}
expires_at = {to = "expires_at", as = "unix_seconds"}
author_id = {to = "author", only = "answer"}
[answers]
ok = [200, 201]
empty = [202, 204]
action_at = "data"
id_at = "id"
message_at = "message"
errors_at = "errors"
ok_at = ""
[meaning]
404 = "not_found"
409 = "conflict"
410 = "not_found"
423 = "busy"
"""
"""Each kind of row there is, for the core of the contract."""


def written(text: str, item: dict[str, object]):
    resource = actions(("en", "fr"), 10, lambda: None, text)
    return resource.operation.write(resource.operation.template("http://core/x"), resource.call(item), "key")


def test_a_map_with_each_kind_of_row_makes_the_call_of_the_shipped_one():
    sent, usual = written(EXAMPLE, PUBLIC), written("", PUBLIC)

    assert (sent.method, sent.url, sent.body) == (usual.method, usual.url, usual.body)
    assert sent.parts == usual.parts
    assert dict(sent.headers) == {
        "Accept": "application/vnd.core.v1+json",
        "Accept-Encoding": "identity",
        "Content-Length": str(len(sent.body)),
        "Content-Type": "application/json",
        "Idempotency-Key": "key-19353",
    }


def test_fixed_headers_leave_with_each_call_in_place_of_the_usual_ones():
    headers = '{accept = "text/json", "Content-Type" = "application/merge-patch+json", X-Tenant = "7"}'
    request = written(changed('{Accept = "application/vnd.core.v1+json"}', headers), PUBLIC)

    assert [line for line in request.parts[0].decode().split("\r\n")[2:] if line] == [
        "Accept-Encoding: identity",
        "accept: text/json",
        "Content-Type: application/merge-patch+json",
        "X-Tenant: 7",
        "Idempotency-Key: key-19353",
        f"Content-Length: {len(request.body)}",
    ]


@pytest.mark.parametrize(
    ("kind", "sent", "path", "expected"),
    [
        ("integer", "019353", "19353", 19353),
        ("digits", 19353, "19353", "19353"),
        ("uuid", "3F2504E0-4F89-41D3-9A0C-0305E82C3301", *["3f2504e0-4f89-41d3-9a0c-0305e82c3301"] * 2),
        ("text", "ACT-7.b", "ACT-7.b", "ACT-7.b"),
    ],
)
def test_an_action_is_named_as_its_core_names_it(kind: str, sent: object, path: str, expected: object):
    resource = actions(("en",), 10, lambda: None, changed('id = "integer"', f'id = "{kind}"'))
    [item] = resource.items({"data": [{"actionId": sent, "status": "done"}]})
    call = resource.call(item)

    assert resource.operation.write(resource.operation.template("http://core"), call, "k").url == (
        f"http://core/actions/{path}"
    )
    assert resource.operation.expected_id(call) == expected
    assert [one["actionId"] for one in resource.items({"data": resource.example.sent})] == [
        one["actionId"] for one in resource.example.sent
    ]


@pytest.mark.parametrize("kind", ["uuid", "text", "digits"])
@pytest.mark.parametrize("sent", ["", ".", "..", "a/b", "a%2fb", "é", "x" * 65, None, 1.5])
def test_what_no_id_is_is_refused_before_it_gets_into_a_path(kind: str, sent: object):
    resource = actions(("en",), 10, lambda: None, changed('id = "integer"', f'id = "{kind}"'))

    with pytest.raises(InvalidBatch):
        list(resource.items({"data": [{"actionId": sent, "status": "done"}]}))


NESTED = """
[core]
id = "text"
[update]
path = "/v2/actions/{id}"
[fields]
category_action = {to = "category", as = "nested:code"}
type_action = {to = "type", as = "nested:code"}
status = {to = "state", as = "nested:value.name"}
title = {to = "title", as = "nested:{key}"}
subtitle = {to = "subtitle_{key}"}
details = {to = "details_{key}"}
partner_ids = {to = "partners", as = "nested:ref.id"}
effective_date = {to = "from"}
due_date = {to = "due"}
expires_at = {to = "end"}
author_id = {to = "author", as = "integer"}
[answers]
action_at = ""
"""


def test_errors_are_told_under_names_within_the_wrapping_and_without_shared_levels_too():
    rows = re.sub(r'to = "', 'to = "attributes.', NESTED).replace("[fields]", 'wrap = "data"\n[fields]')
    translation = actions(("en", "fr"), 10, lambda: None, rows).translation
    errors = {"due": ["a"], "attributes.due": ["b"], "data.attributes.due": ["c"], "title.fr": ["d"], "name": ["e"]}

    assert translation.errors_to_public(errors) == {"due_date": ["a", "b", "c"], "title.fr": ["d"], "other": ["e"]}


def test_a_wrapping_has_levels_and_any_names():
    request = written(changed('wrap = ""', "wrap = 'data.the \"action\"'"), {"actionId": "1", "status": "done"})

    assert request.body == b'{"data":{"the \\"action\\"":{"state":4}}}'


def test_a_value_in_an_object_of_its_own_is_found_there_again():
    translation = actions(("en", "fr"), 10, lambda: None, NESTED).translation
    uuid = "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00"
    item = {"actionId": "1", "category_action": "form", "status": "done", "title": {"fr": "a"}, "partner_ids": [uuid]}
    legacy = {
        "category": {"code": "form"},
        "state": {"value": {"name": "done"}},
        "title": {"fr": "a"},
        "partners": [{"ref": {"id": uuid}}],
    }

    assert translation.to_legacy(item) == legacy
    assert translation.from_legacy("1", {**legacy, "author": "7"}) == {**item, "author_id": 7}
    assert translation.from_legacy("1", {"partners": [uuid], "author": "x"}) == {
        "actionId": "1",
        "unreadable": ["partner_ids", "author_id"],
    }


def test_an_entry_is_not_known_by_what_is_no_word_however_deep_it_is():
    translation = actions(("en",), 1, lambda: None, changed("title_{key}", "texts[lang={key}].title")).translation
    deep = orjson.loads(b"[" * 1020 + b"]" * 1020)
    texts = [{"lang": deep, "title": "x"}, {"lang": "en", "title": "y"}]

    assert translation.from_legacy("7", {"texts": texts}) == {"actionId": "7", "title": {"en": "y"}}
