"""The follow-ups of a waterworks, of which ten requests and answers are known, are mapped without a line of Python.

Ids are paths, keys are short and in capitals, so are months, a code says more than a status, and a body says how long
to wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.core.answers import meaning
from gateway.resources.actions import actions
from gateway.resources.answer_map import read_answers
from legacy_client.errors import Busy
from legacy_client.transport.memory import answer
from schemas.base import InvalidDocument
from tests.doubles.core_maps import written
from tests.doubles.core_parts import some_reader

if TYPE_CHECKING:
    from requests import PreparedRequest

    from gateway.resources.resource import Resource

_TIME = 'as = "strftime:%d-%^b-%Y %H:%M:%S@UTC", null = ""'
MAP = f"""
[core]
id = "path"
id_segments = 3
read = "/arn/r4/suivi/{{id}}"
languages = {{en = "E", fr = "F"}}

[update]
method = "POST"
path = "/arn/r4/suivi/{{id}}/modif"
headers = {{Content-Type = "application/json; charset=utf-8"}}
key_header = "X-ARN-Ref"
key_form = "hex_upper"
key_length = 20
wrap = "modif"

[fields]
category_action = {{to = "cls.cat", words = {{validation = "FAC", link = "CPT", form = "REC", todo = "RAC", schedule = "PLA"}}}}
status = {{to = "sit", words = {{draft = 10, approved = 20, active = 30, pending = 40, done = 70, inactive = 90}}}}
title = {{to = "txt.{{key}}.ttl"}}
subtitle = {{to = "txt.{{key}}.sst", null = ""}}
details = {{to = "txt.{{key}}.dtl"}}
partner_ids = {{to = "int", as = "same", each = "hex_upper"}}
effective_date = {{to = "dat.eff", {_TIME}}}
due_date = {{to = "dat.ech", {_TIME}}}
expires_at = {{to = "dat.exp", {_TIME}}}
author_id = {{to = "aut"}}

[fields.type_action]
to = "cls.typ"
words = {{validation = "REVUE", link = "LETTRE", form = "LETTRE", todo = "APPEL", schedule = "VISITE"}}
read = {{LETTRE = "form"}}

[answers]
action_at = "suivi"
id_at = "cle"
ok_at = "ent.rc"
ok_is = "00"
code_at = "ent.rc"
message_at = "ent.msg"
errors_at = "rejets"
field_at = "zone"
text_at = "txt"
wait_at = "delai"

[codes]
04 = "rejected"
08 = "not_found"
12 = "locked"
16 = "busy"
20 = "rejected"
24 = "access_denied"
28 = "conflict"
"""
RESOURCE = actions(("en", "fr"), 10, lambda: None, MAP)
ID = "SV/07/000418-K"


def call_for(item: dict[str, object], resource: Resource = RESOURCE, prefix: str = "k") -> PreparedRequest:
    return written(resource, {"actionId": ID, **item}, prefix)


@pytest.mark.parametrize(
    ("item", "body"),
    [
        (
            {"status": "active", "due_date": "2025-03-07 22:00:00"},
            '{"sit":30,"dat":{"ech":"07-MAR-2025 22:00:00"}}',
        ),
        (
            {"subtitle": None, "expires_at": None},
            '{"txt":{"E":{"sst":""},"F":{"sst":""}},"dat":{"exp":""}}',
        ),
        (
            {"partner_ids": ["3f0c9a52-d1b8-4e77-95a6-c0e4417b2d18"]},
            '{"int":["3F0C9A52D1B84E7795A6C0E4417B2D18"]}',
        ),
    ],
)
def test_its_calls_are_those_of_its_examples(item: dict[str, object], body: str):
    request = call_for(item)

    assert (request.method, request.url) == ("POST", "http://core/arn/r4/suivi/SV/07/000418-K/modif")
    assert request.body == f'{{"modif":{body}}}'.encode()
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"


def test_a_key_has_the_digits_that_it_takes_and_is_the_same_in_every_attempt():
    # The first 20 digits of the SHA-256 of "k-SV/07/000418-K".
    told = [call_for({"status": status}).headers["X-ARN-Ref"] for status in ("done", "done", "active")]

    assert told == ["C2A72D7ADBF1972DAC6D"] * 3
    assert call_for({"status": "done"}, prefix="l").headers["X-ARN-Ref"] != told[0]


def test_digits_of_a_key_are_32_small_ones_where_the_map_says_hex_lower_alone():
    text = MAP.replace('key_form = "hex_upper"\nkey_length = 20', 'key_form = "hex_lower"')
    resource = actions(("en", "fr"), 10, lambda: None, text)

    assert call_for({"status": "done"}, resource).headers["X-ARN-Ref"] == "c2a72d7adbf1972dac6d0aaa48339c10"


def test_its_item_is_shown_where_the_map_says():
    [loaded] = RESOURCE.items({"data": [{"actionId": ID, "status": "done"}]})

    assert RESOURCE.operation.read_path is not None
    assert RESOURCE.operation.read_path(RESOURCE.call(loaded)) == "/arn/r4/suivi/SV/07/000418-K"


def test_its_answers_are_read():
    body = (
        b'{"ent":{"rc":"00","msg":"OK"},"suivi":{"cle":"SV/07/000418-K","rev":4,"sit":30,'
        b'"dat":{"eff":"10-FEB-2025 13:00:00","ech":"07-Mar-2025 22:00:00","exp":""}}}'
    )

    assert meaning(MAP, RESOURCE, ID, 200, body) == {
        "means": "updated",
        "public": {
            "actionId": ID,
            "status": "active",
            "effective_date": "2025-02-10 13:00:00",
            "due_date": "2025-03-07 22:00:00",
            "expires_at": None,
        },
    }


@pytest.mark.parametrize("item_id", ["SV/07/000418-k", "SV/07", "000418-K"])
def test_an_answer_about_another_path_is_about_another_id(item_id: str):
    told = meaning(MAP, RESOURCE, ID, 200, f'{{"ent":{{"rc":"00"}},"suivi":{{"cle":"{item_id}"}}}}'.encode())

    assert told == {"means": "unreadable", "may_have_been_applied": True, "reason": "about another id"}


@pytest.mark.parametrize(
    ("status", "code", "means"),
    [
        (404, "08", "not_found"),
        (200, "08", "not_found"),
        (409, "28", "conflict"),
        (400, "20", "rejected"),
        (400, "24", "access_denied"),
        (401, "20", "rejected"),
        (400, "12", "locked"),
        (500, "24", "access_denied"),
        (503, "04", "rejected"),
    ],
)
def test_a_code_says_more_than_a_status(status: int, code: str, means: str):
    told = meaning(MAP, RESOURCE, ID, status, f'{{"ent":{{"rc":"{code}","msg":"X"}}}}'.encode())

    assert (told["means"], told["may_have_been_applied"]) == (means, False)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"ent":{"rc":"99"}}', b'{"ent":{"rc":{}}}'])
@pytest.mark.parametrize(
    ("status", "means"), [(400, "rejected"), (404, "not_found"), (500, "failed"), (401, "access_denied")]
)
def test_without_a_code_of_the_map_the_status_counts(status: int, means: str, body: bytes):
    assert meaning(MAP, RESOURCE, ID, status, body)["means"] == means


def test_a_code_beats_the_meaning_of_its_status():
    text = f'{MAP}\n[meaning]\n400 = "conflict"\n'

    assert meaning(text, RESOURCE, ID, 400, b'{"ent":{"rc":"24"}}')["means"] == "access_denied"
    assert meaning(text, RESOURCE, ID, 400, b'{"ent":{"rc":"99"}}')["means"] == "conflict"


def test_codes_need_no_flag_where_statuses_say_what_a_success_is():
    text = 'answers = {code_at = "c"}\ncodes = {24 = "access_denied"}'

    assert type(some_reader(shape=read_answers(text)).read(answer(400, b'{"c":24}'), "7")).__name__ == "AccessDenied"


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("2", 2.0),
        ('"0002"', 2.0),
        ("1.5", 1.5),
        ("1e9", 86_400.0),
        ("99999999999999999999", 86_400.0),
        ('"Thu, 01 Jan 1970 00:00:09 GMT"', 0.0),
        # The header counts where the body says nothing that can be read.
        ("-1", 9.0),
        ("true", 9.0),
        ("null", 9.0),
        ("[2]", 9.0),
        ('"soon"', 9.0),
    ],
)
def test_the_body_says_when_to_come_again(told: str, seconds: float):
    body = f'{{"ent":{{"rc":"16"}},"delai":{told}}}'.encode()
    error = some_reader(shape=read_answers(MAP)).read(answer(200, body, Retry_After="9"), ID)

    assert isinstance(error, Busy)
    assert error.retry_after == seconds


def test_the_wait_in_the_body_of_a_503_counts_too():
    error = some_reader(shape=read_answers(MAP)).read(answer(503, b'{"delai":3}'), ID)

    assert isinstance(error, Busy)
    assert error.retry_after == 3.0


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("%d-%^b-%Y %H:%M:%S", "31-JUL-2024 16:05:09"),
        ("%^A %d %^B %Y %H:%M:%S", "WEDNESDAY 31 JULY 2024 16:05:09"),
        ("%^a %d %b %Y %H:%M:%S", "WED 31 Jul 2024 16:05:09"),
        ("%Y-%m-%d %H:%M:%S %%^b", "2024-07-31 16:05:09 %^b"),
    ],
)
def test_names_in_capitals_are_written_and_come_back(pattern: str, written: str):
    text = MAP.replace("%d-%^b-%Y %H:%M:%S", pattern)
    translation = actions(("en", "fr"), 10, lambda: None, text).translation

    assert translation.to_legacy({"due_date": "2024-07-31 16:05:09"}) == {"dat": {"ech": written}}
    assert translation.from_legacy(ID, {"dat": {"ech": written}})["due_date"] == "2024-07-31 16:05:09"


def test_names_in_capitals_stand_beside_names_of_zones():
    row = 'as = "strftime:%d-%^b-%Y %H:%M:%S %Z@Europe/Berlin", zones = {CET = "+01:00", CEST = "+02:00"}'
    translation = actions(("en", "fr"), 10, lambda: None, MAP.replace(_TIME, row)).translation

    assert translation.to_legacy({"due_date": "2024-07-31 16:05:09"}) == {"dat": {"ech": "31-JUL-2024 18:05:09 CEST"}}
    assert (
        translation.from_legacy(ID, {"dat": {"ech": "31-JUL-2024 18:05:09 CEST"}})["due_date"] == "2024-07-31 16:05:09"
    )


def test_a_time_that_is_only_answered_is_told_and_not_taken():
    text = MAP.replace('to = "dat.eff",', 'to = "dat.eff", only = "answer",')
    resource = actions(("en", "fr"), 10, lambda: None, text)

    with pytest.raises(InvalidDocument) as refused:
        list(resource.items({"data": [{"actionId": ID, "effective_date": "2025-02-10 13:00:00"}]}))
    assert [(each.code, each.detail) for each in refused.value.errors] == [
        ("read_only", "effective_date cannot be updated; leave it out.")
    ]
    told = resource.translation.from_legacy(ID, {"dat": {"eff": "10-FEB-2025 13:00:00"}})
    assert told == {"actionId": ID, "effective_date": "2025-02-10 13:00:00"}
