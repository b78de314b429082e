"""The same classes of hostile bodies at the integration endpoint: one document instead of a batch."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.api.hostile.hostility import put, refused

pytestmark = pytest.mark.timeout(30)


def field(**changes):
    return {"name": "x", "inputFields": [{"label": "l", **changes}]}


DOCUMENTS = {
    "an array": [],
    "an array around": [{"name": "x"}],
    "a string": '{"name": "x"}',
    "null": None,
    "a name of objects": {"name": {"$ne": None}},
    "a name of arrays": {"name": ["x"]},
    "a name of a bool": {"name": True},
    "a name too long": {"name": "x" * 101},
    "a name of a million": {"name": "x" * 1_000_000},
    "a name long only in code points": {"name": "e\u0301" * 51},
    "a code of an object": {"name": "x", "code": {"$gt": ""}},
    "a code too long": {"name": "x", "code": "x" * 40_001},
    "a prototype": {"name": "x", "__proto__": {"isAdmin": True}},
    "a constructor": {"name": "x", "constructor": {"prototype": {}}},
    "a field of the core": {"name": "x", "input_fields": []},
    "an id": {"name": "x", "id": "1"},
    "a slug": {"name": "x", "slug": "y"},
    "an order": {"name": "x", "order": 0},
    "a look-alike": {"name": "x", "n\u0430me": "y"},
    "a name with NUL": {"name": "x", "code\x00": "y"},
    "fields of an object": {"name": "x", "inputFields": {"0": {"label": "l"}, "length": 1}},
    "fields of strings": {"name": "x", "inputFields": ["l"]},
    "fields of nulls": {"name": "x", "inputFields": [None]},
    "fields in an array": {"name": "x", "inputFields": [[{"label": "l"}]]},
    "too many fields": {"name": "x", "inputFields": [{"label": "l"}] * 101},
    "a hundred thousand fields": {"name": "x", "inputFields": [{}] * 100_000},
    "names that collide": {"name": "x", **{f"{number:x}": 1 for number in range(100_000)}},
    "required as a word": field(required="true"),
    "required as a number": field(required=1),
    "a type in another case": field(type="text"),
    "a type of an array": field(type=["TEXT"]),
    "a prototype in a field": field(__proto__={"isAdmin": True}),
    "options of a string": field(type="SELECT", options="json"),
    "options of nulls": field(type="SELECT", options=[None]),
    "options that repeat": field(type="SELECT", options=[{"label": "a", "value": "v"}, {"label": "b", "value": "v"}]),
    "options without a select": field(options=[{"label": "a", "value": "v"}]),
    "a prototype in an option": field(type="SELECT", options=[{"label": "a", "value": "v", "__proto__": 1}]),
    "a context with a path": field(type="SELECT", contextActionId="../../admin"),
    "a context with a line feed": field(type="SELECT", contextActionId="0d9f6f0e-2a41-4c58-8b1c-0f6a7c9b2222\n"),
    "a context in full-width digits": field(type="SELECT", contextActionId="０d9f6f0e-2a41-4c58-8b1c-0f6a7c9b2222"),
}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_a_document_that_is_confused_is_refused(service, document):
    refused(service, put(service, json.dumps(document)), 400, "validation-failed")


@pytest.mark.parametrize(
    ("body", "headers", "status", "slug"),
    [
        (b" " * (5 * 2**20 + 1), {}, 413, "body-too-large"),
        (gzip.compress(b" " * (5 * 2**20 + 1), mtime=0), {"Content-Encoding": "gzip"}, 413, "body-too-large"),
        (
            gzip.compress(gzip.compress(b'{"name":"x"}', mtime=0), mtime=0),
            {"Content-Encoding": "gzip"},
            400,
            "invalid-json",
        ),
        (b'{"name":"x"}', {"Content-Encoding": "br"}, 415, "unsupported-media-type"),
        (b"name=x", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "unsupported-media-type"),
        (b'{"name":"x"}', {"Origin": "null"}, 403, "browser-origin"),
        (b'{"name":"x"}', {"Origin": ""}, 403, "browser-origin"),
        (b'{"name":"x"}', {"Sec-Fetch-Site": "same-origin"}, 403, "browser-origin"),
        (b'{"name":"x"}', {"Sec-Fetch-Site": "none, cross-site"}, 403, "browser-origin"),
        (b'{"name":"x"}', {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}, 401, "invalid-token"),
    ],
)
def test_a_request_that_is_confused_is_refused(service, body, headers, status, slug):
    refused(service, put(service, body, **headers), status, slug)
