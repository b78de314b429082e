"""Texts that are legal and treacherous reach the core unchanged and come back unchanged: nothing is normalised or cut."""

from __future__ import annotations

import json
import unicodedata

import pytest

from tests.api.hostile.hostility import put

NFC = "Congé à Zürich"
TEXTS = {
    "CRLF": "a\r\nX-Injected: 1\r\n\r\n",
    "a forged log line": 'ok"}\n{"event": "request_ended", "status": 200, "principal_id": "admin"}',
    "terminal escapes": "\x1b[2J\x1b]0;owned\x07",
    "NUL": "a\x00b",
    "every control character": "".join(map(chr, range(32))) + "\x7f",
    "C1 controls": "".join(map(chr, range(0x80, 0xA0))),
    "composed": unicodedata.normalize("NFC", NFC),
    "decomposed": unicodedata.normalize("NFD", NFC),
    "compatibility forms": "ﬁ ① ℌ ２",
    "right-to-left override": "invoice\u202egpj.exe",
    "isolates": "\u2066x\u2069\u200f\u200e",
    "zero width": "a\u200b\u200c\u200d\u2060\ufeffb",
    "byte order mark": "\ufefftitle",
    "line and paragraph separators": "a\u2028b\u2029c\u0085d",
    "homoglyphs": "раурal",
    "non-characters": "\ufffe\uffff\U0001fffe\U0010ffff",
    "private use": "\ue000\U000f0000",
    "astral": "👩‍👩‍👧‍👦🏴‍☠️",
    "combining marks": "Z" + "\u0301" * 200,
    "replacement character": "\ufffd",
    "a token": "Bearer eyJhbGciOiJub25lIn0.e30.",
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "an XML entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;',
    "SQL": "'; DROP TABLE actions; --",
    "a template": "{{7*7}} ${7*7} #{7*7} <%= 7*7 %>",
    "format strings": "%s %n %(x)s {0} {x.__class__}",
    "JNDI": "${jndi:ldap://127.0.0.1/a}",
    "a formula": "=cmd|' /C calc'!A0",
    "JSON in JSON": '{"actionId": "2", "status": "done"}',
    "escapes": '\\u0000 \\" \\\\',
    "only spaces": " \t ",
    "nothing": "",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize("field", ["title", "subtitle", "details"])
def test_a_text_of_an_action_is_left_as_it_is(service, field, text):
    response = service.patch({"actionId": "1", field: {"en": text}})

    assert response.status_code == 200, response.text
    assert json.loads(service.core.calls[0].body) == {f"{field}_en": text}
    assert response.get_json()["data"] == [{"actionId": "1", field: {"en": text}}]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_escaped_and_plain_spellings_of_a_text_are_one(service, text):
    item = {"actionId": "1", "details": {"fr": text}}
    service.patch(body=json.dumps({"data": [item]}, ensure_ascii=True))
    service.patch(body=json.dumps({"data": [item]}, ensure_ascii=False).encode())

    assert [json.loads(call.body) for call in service.core.calls] == [{"details_fr": text}] * 2


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_text_of_an_integration_action_is_left_as_it_is(service, text):
    body = {"name": "n" + text[:99], "description": text, "code": text, "inputFields": [{"label": "l" + text[:99]}]}

    response = put(service, json.dumps(body))

    assert response.status_code == 200, response.text
    (call,) = service.core.calls
    assert (call.fields["name"], call.fields["description"], call.fields["code"]) == ("n" + text[:99], text, text)
    assert call.fields["input_fields"][0]["label"] == "l" + text[:99]


def test_composed_and_decomposed_twins_stay_two_texts(service):
    twins = [unicodedata.normalize(form, NFC) for form in ("NFC", "NFD")]
    service.patch(*({"actionId": str(n), "title": {"fr": text}} for n, text in enumerate(twins, 1)))

    assert sorted(json.loads(call.body)["title_fr"] for call in service.core.calls) == sorted(twins)
