"""A back office of long standing, of which ten requests and answers are known, is mapped without a line of Python.

Ids have ten digits, texts stand in a list, a word stands for null, zones have names, UUIDs no dashes, a list has its
count beside it, and six states of the contract are five.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.core.answers import meaning
from gateway.resources.actions import actions
from gateway.resources.answer_map import read_answers
from legacy_client.errors import Locked
from legacy_client.transport.memory import answer
from schemas.base import InvalidDocument
from tests.doubles.core_maps import written
from tests.doubles.core_parts import some_reader

if TYPE_CHECKING:
    from requests import PreparedRequest

_TIME = r'as = "strftime:%d.%m.%Y/%H:%M:%S/%Z@Europe/Berlin", zones = {MEZ = "+01:00", MESZ = "+02:00"}, null = "*LEER"'
MAP = f"""
[core]
id = "digits"
id_width = 10
languages = {{en = "EN", fr = "FR"}}

[update]
method = "MERGE"
path = "/bo7/wv/SATZ/{{id}}"
headers = {{BO-Mandant = "07"}}
key_header = "BO-Laufzettel"
wrap = "Fortschreibung"

[fields]
category_action = {{to = "Kopf.Sparte", words = {{validation = "SCHADEN", link = "LEBEN", form = "F", todo = "A", schedule = "P"}}}}
type_action = {{to = "Kopf.Vorfall", words = {{validation = "RUECKFRAGE", link = "NACHWEIS", form = "F", todo = "A", schedule = "P"}}}}
title = {{to = "Texte[Spr={{key}}].Ueb", null = "*LEER"}}
subtitle = {{to = "Texte[Spr={{key}}].Unt", null = "*LEER"}}
details = {{to = "Texte[Spr={{key}}].Lang", null = "*LEER"}}
partner_ids = {{to = "Beteiligte.Schluessel", as = "same", each = "hex_upper", count = "Beteiligte.Anzahl"}}
effective_date = {{to = "Termine.wirksamAb", {_TIME}}}
due_date = {{to = "Termine.faellig", {_TIME}}}
expires_at = {{to = "Termine.verfall", {_TIME}}}
author_id = {{to = "Erfasser.Kennung"}}

[fields.status]
to = "Kopf.Lage"
words = {{draft = "10", pending = "30", active = "20", approved = "20", done = "70", inactive = "90"}}
read = {{20 = "active"}}

[answers]
ok = [200]
action_at = "Satz"
id_at = "OrdNr"
ok_at = "Quittung.RC"
ok_is = "0000"
code_at = "Quittung.RC"
message_at = "Quittung.Text"
errors_at = "Quittung.Maengel"
field_at = "Ort"
text_at = "Text"
wait_header = "BO-Wartezeit"

[codes]
0412 = "rejected"
0816 = "not_found"
0950 = "locked"
"""
RESOURCE = actions(("en", "fr"), 10, lambda: None, MAP)
SATZ = (
    b'{"Quittung":{"RC":"0000","Text":"SATZ GELESEN","OrdNr":"0000019353"},"Satz":{"OrdNr":"0000019353","Stand":1,'
    b'"Kopf":{"Sparte":"SCHADEN","Vorfall":"RUECKFRAGE","Lage":"10"},"Texte":['
    b'{"Spr":"EN","Ueb":"Call back 19353","Unt":"*LEER","Lang":"Please call the partner back."},'
    b'{"Spr":"FR","Ueb":"Rappel 19353","Unt":"Question ouverte","Lang":"Veuillez rappeler le partenaire."}],'
    b'"Beteiligte":{"Anzahl":1,"Schluessel":["7C0E5B1A9D3F4E62A8B1000000004B99"]},"Termine":{"wirksamAb":'
    b'"15.01.2025/08:00:00/MEZ","faellig":"30.06.2025/18:00:00/MESZ","verfall":"*LEER"},'
    b'"Erfasser":{"Kennung":"BO004711"}}}'
)


def call_for(item: dict[str, object]) -> PreparedRequest:
    return written(RESOURCE, {"actionId": "19353", **item})


@pytest.mark.parametrize(
    ("item", "body"),
    [
        ({"status": "approved"}, '{"Kopf":{"Lage":"20"}}'),
        ({"category_action": "link", "type_action": "link"}, '{"Kopf":{"Sparte":"LEBEN","Vorfall":"NACHWEIS"}}'),
        (
            {"title": {"en": "Proof", "fr": "Justificatif"}, "details": {"fr": "Demander."}},
            '{"Texte":[{"Spr":"EN","Ueb":"Proof"},{"Spr":"FR","Ueb":"Justificatif","Lang":"Demander."}]}',
        ),
        ({"subtitle": None}, '{"Texte":[{"Spr":"EN","Unt":"*LEER"},{"Spr":"FR","Unt":"*LEER"}]}'),
        (
            {"partner_ids": ["3f2504e0-4f89-41d3-9a0c-0305e82c3301", "B54ADC00-67F9-11D9-9739-0800200C9A66"]},
            '{"Beteiligte":{"Schluessel":["3F2504E04F8941D39A0C0305E82C3301","B54ADC0067F911D997390800200C9A66"],"Anzahl":2}}',
        ),
        ({"effective_date": "2025-11-30 23:00:00"}, '{"Termine":{"wirksamAb":"01.12.2025/00:00:00/MEZ"}}'),
        ({"due_date": "2026-04-15 15:30:00"}, '{"Termine":{"faellig":"15.04.2026/17:30:00/MESZ"}}'),
        # The hour that comes twice.
        ({"due_date": "2024-10-27 00:30:00"}, '{"Termine":{"faellig":"27.10.2024/02:30:00/MESZ"}}'),
        ({"due_date": "2024-10-27 01:30:00"}, '{"Termine":{"faellig":"27.10.2024/02:30:00/MEZ"}}'),
        ({"expires_at": None}, '{"Termine":{"verfall":"*LEER"}}'),
    ],
)
def test_its_calls_are_those_of_its_examples(item: dict[str, object], body: str):
    request = call_for(item)

    assert (request.method, request.url) == ("MERGE", "http://core/bo7/wv/SATZ/0000019353")
    assert request.body == f'{{"Fortschreibung":{body}}}'.encode()
    assert request.headers["BO-Mandant"] == "07"


def test_its_answers_are_read():
    assert meaning(MAP, RESOURCE, "19353", 200, SATZ) == {
        "means": "updated",
        "public": {
            "actionId": "19353",
            "category_action": "validation",
            "type_action": "validation",
            "status": "draft",
            "title": {"en": "Call back 19353", "fr": "Rappel 19353"},
            "subtitle": {"fr": "Question ouverte"},
            "details": {"en": "Please call the partner back.", "fr": "Veuillez rappeler le partenaire."},
            "partner_ids": ["7c0e5b1a-9d3f-4e62-a8b1-000000004b99"],
            "effective_date": "2025-01-15 07:00:00",
            "due_date": "2025-06-30 16:00:00",
            "expires_at": None,
            "author_id": "BO004711",
        },
    }


def test_a_word_that_two_states_share_comes_back_as_the_map_says():
    told = meaning(MAP, RESOURCE, "19353", 200, SATZ.replace(b'"Lage":"10"', b'"Lage":"20"'))

    assert told["public"]["status"] == "active"


def test_an_answer_without_the_zeros_is_about_another_id():
    told = meaning(MAP, RESOURCE, "19353", 200, SATZ.replace(b"0000019353", b"19354"))

    assert told == {"means": "unreadable", "may_have_been_applied": True, "reason": "about another id"}


@pytest.mark.parametrize(
    ("old", "new", "unreadable"),
    [
        (b'"Lage":"10"', b'"Lage":"40"', "status"),
        (b"8:00:00/MESZ", b"8:00:00/CEST", "due_date"),
        (b"8:00:00/MESZ", b"8:00:00", "due_date"),
        (b"4B99", b"4b9", "partner_ids"),
        (b"7C0E5B1A9D3F4E62A8B1000000004B99", b"7c0e5b1a-9d3f-4e62-a8b1-000000004b99", "partner_ids"),
    ],
)
def test_what_it_should_not_say_is_unreadable_and_not_guessed(old: bytes, new: bytes, unreadable: str):
    assert old in SATZ
    told = meaning(MAP, RESOURCE, "19353", 200, SATZ.replace(old, new))

    assert told["public"]["unreadable"] == [unreadable]


def test_its_refusals_name_the_fields_of_partners():
    places = [
        "Kopf.Lage",
        "Termine.verfall",
        "Beteiligte.Schluessel(1)",
        "Beteiligte.Anzahl",
        "Beteiligte",
        "Texte(EN).Ueb",
        "Texte[0].Unt",
        "Fortschreibung.Termine.faellig",
        "OrdNr",
        "Kopf",
        "Texte",
    ]
    listed = ",".join(f'{{"Ort":"{place}","Text":"{place}"}}' for place in places)
    body = f'{{"Quittung":{{"RC":"0412","Text":"EINGABE MANGELHAFT","Maengel":[{listed}]}}}}'.encode()

    assert meaning(MAP, RESOURCE, "19353", 200, body) == {
        "means": "rejected",
        "may_have_been_applied": False,
        "message": "EINGABE MANGELHAFT",
        "errors": {
            "status": ["Kopf.Lage"],
            "expires_at": ["Termine.verfall"],
            "partner_ids": ["Beteiligte.Schluessel(1)", "Beteiligte.Anzahl", "Beteiligte"],
            "title.en": ["Texte(EN).Ueb"],
            "subtitle": ["Texte[0].Unt"],
            "due_date": ["Fortschreibung.Termine.faellig"],
            "actionId": ["OrdNr"],
            "other": ["Kopf", "Texte"],
        },
    }


def test_it_says_in_a_header_of_its_own_when_to_come_again():
    response = answer(202, b'{"Quittung":{"RC":"0950"}}', BO_Wartezeit="0002", Retry_After="9")
    error = some_reader(shape=read_answers(MAP)).read(response, "0000019353")

    assert isinstance(error, Locked)
    assert error.retry_after == 2.0


@pytest.mark.parametrize("item_id", ["12345678901", "00000019353", 10**10])
def test_an_id_of_more_digits_than_it_has_is_refused_before_any_call(item_id: object):
    with pytest.raises(InvalidDocument) as refused:
        list(RESOURCE.items({"data": [{"actionId": item_id, "status": "done"}]}))

    assert [each.detail for each in refused.value.errors] == [
        "Must be a positive number as a string of 1 to 10 digits."
    ]


def test_a_text_that_is_its_word_for_null_is_not_sent():
    with pytest.raises(ValueError, match=r"^'\*LEER' is the core's word for null$"):
        RESOURCE.translation.to_legacy({"actionId": "19353", "title": {"en": "*LEER"}})
