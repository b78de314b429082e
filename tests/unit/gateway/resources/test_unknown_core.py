"""A core of which only ten requests and answers are known is mapped without a line of Python.

It is unlike the others: ids with letters, PUT, attributes beside the id, errors in a list, no flag but an error.
"""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway.core.answers import meaning
from gateway.resources.actions import actions

MAP = r"""
[core]
id = "text"

[update]
method = "PUT"
path = "/api/2019-04/tasks/{id}.json"
headers = {X-Taskline-Version = "2019-04", Content-Type = "application/vnd.api+json"}
key_header = "X-Request-Key"
wrap = "data"

[fields]
category_action = {to = "attributes.kind", words = {validation = "A", link = "B", form = "C", todo = "D", schedule = "E"}}
type_action = {to = "attributes.sort", words = {validation = "A", link = "B", form = "C", todo = "D", schedule = "E"}}
status = {to = "attributes.workflow", words = {draft = "0", pending = "1", active = "2", approved = "3", done = "4", inactive = "9"}}
title = {to = "attributes.heading_{key}"}
subtitle = {to = "attributes.sub_{key}"}
details = {to = "attributes.body_{key}"}
partner_ids = {to = "attributes.audience", as = "same"}
effective_date = {to = "attributes.startOn", as = "strftime:%Y%m%dT%H%M%SZ@UTC"}
due_date = {to = "attributes.dueOn", as = "strftime:%a, %d %b %Y %H:%M:%S GMT@UTC"}
expires_at = {to = "attributes.endOn", as = "strftime:%Y%m%dT%H%M%SZ@UTC"}
author_id = {to = "attributes.ownerNo", as = "integer"}

[answers]
ok = [200]
empty = [204]
action_at = "data"
id_at = "id"
message_at = "error.hint"
errors_at = "error.issues"
error_at = "error"
field_at = "pointer"
text_at = "detail"
code_at = "error.no"

[meaning]
499 = "access_denied"

[codes]
NF = "not_found"
VAL = "rejected"
NIGHT = "busy"
DB = "failed"
"""
TASK = {"id": "T-000123", "attributes": {"workflow": "2", "dueOn": "Wed, 10 Jan 2024 06:51:15 GMT", "ownerNo": "7"}}
RESOURCE = actions(("en", "fr"), 10, lambda: None, MAP)


def refused(number: str, *issues: dict[str, str], hint: str = "") -> dict[str, Any]:
    return {"error": {"no": number, "hint": hint, "issues": list(issues)}, "data": None}


@pytest.mark.parametrize(
    ("item", "body"),
    [
        ({"status": "active", "title": {"en": "Leave"}}, {"workflow": "2", "heading_en": "Leave"}),
        ({"due_date": "2024-01-10 06:51:15"}, {"dueOn": "Wed, 10 Jan 2024 06:51:15 GMT"}),
        ({"due_date": None}, {"dueOn": None}),
        ({"effective_date": "2024-01-10 06:51:15"}, {"startOn": "20240110T065115Z"}),
        ({"category_action": "form", "type_action": "todo"}, {"kind": "C", "sort": "D"}),
        (
            {"partner_ids": ["8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00"]},
            {"audience": ["8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00"]},
        ),
    ],
)
def test_its_calls_are_those_of_its_examples(item: dict[str, object], body: dict[str, object]):
    [loaded] = RESOURCE.items({"data": [{"actionId": "T-000123", **item}]})
    operation = RESOURCE.operation
    request = operation.write(operation.template("http://core"), RESOURCE.call(loaded), "k")

    assert (request.method, request.url) == ("PUT", "http://core/api/2019-04/tasks/T-000123.json")
    assert orjson.loads(request.body or b"") == {"data": {"attributes": body}}
    assert request.headers["X-Taskline-Version"] == "2019-04"
    assert request.headers["Content-Type"] == "application/vnd.api+json"
    assert request.headers["X-Request-Key"] == "k-T-000123"


@pytest.mark.parametrize(
    ("status", "document", "told"),
    [
        (
            200,
            {"error": None, "data": TASK},
            {
                "means": "updated",
                "public": {
                    "actionId": "T-000123",
                    "status": "active",
                    "due_date": "2024-01-10 06:51:15",
                    "author_id": 7,
                },
            },
        ),
        (200, refused("NF", hint="no such task"), {"means": "not_found", "message": "no such task", "errors": {}}),
        (
            200,
            refused("VAL", {"pointer": "dueOn", "detail": "late"}, {"pointer": "dueOn", "detail": "a Sunday"}),
            {"means": "rejected", "message": "", "errors": {"due_date": ["late", "a Sunday"]}},
        ),
        (200, refused("NIGHT"), {"means": "busy", "message": "", "errors": {}}),
        (200, refused("DB"), {"means": "failed", "may_have_been_applied": True, "reason": "status 200"}),
        (499, refused("TOK"), {"means": "access_denied", "message": "", "errors": {}}),
        (204, None, {"means": "updated", "public": "what was sent"}),
        (
            200,
            {"error": None, "data": {**TASK, "id": "t-000123"}},
            {"means": "unreadable", "may_have_been_applied": True, "reason": "about another id"},
        ),
    ],
)
def test_its_answers_mean_what_its_examples_say(status: int, document: object, told: dict[str, object]):
    body = b"" if document is None else orjson.dumps(document)
    usual = {} if told["means"] == "updated" else {"may_have_been_applied": False}

    assert meaning(MAP, RESOURCE, "T-000123", status, body) == {**usual, **told}
