"""Header values that try to become something else: in the answer, on the way to the core, in the store.

They are handed in as WSGI variables, so that they are tested even where the server in front would have refused them.
"""

from __future__ import annotations

import json
import re

import pytest

from tests.api.hostile.hostility import BULK, put, raw, refused

VALID = json.dumps({"data": [{"actionId": "1", "status": "done"}]})
SPLITTING = {
    "CRLF": "x\r\nSet-Cookie: a=b",
    "bare LF": "x\nSet-Cookie: a=b",
    "bare CR": "x\rSet-Cookie: a=b",
    "a whole answer": "x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "trailing LF": "x\n",
    "NUL": "x\x00y",
    "vertical tab": "x\x0by",
    "escape": "x\x1b[2Jy",
    "DEL": "x\x7fy",
    "next line": "x\x85y",
    "obs-text": "x\xe9y",
    "UTF-8 as latin-1": "ключ".encode().decode("latin-1"),
    "folded": "x\r\n y",
}


@pytest.mark.parametrize("value", SPLITTING.values(), ids=SPLITTING.keys())
def test_a_request_id_that_splits_is_replaced_everywhere(service, value):
    response = raw(service, VALID, HTTP_X_REQUEST_ID=value)

    assert response.status_code == 200
    assert len(response.headers["X-Request-ID"]) == 26
    assert service.core.contexts[0].request_id == response.headers["X-Request-ID"]
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("value", SPLITTING.values(), ids=SPLITTING.keys())
def test_an_idempotency_key_that_splits_is_refused(service, value):
    response = raw(service, VALID, HTTP_IDEMPOTENCY_KEY=value)

    problem = refused(service, response, 400, "bad-request")
    assert "Set-Cookie" not in problem["detail"]


@pytest.mark.parametrize("value", ["", " ", "x" * 256, '"', '"x', "a b", '"a"b"', '"' + "x" * 300 + '"'])
def test_an_idempotency_key_out_of_form_is_refused(service, value):
    refused(service, raw(service, VALID, HTTP_IDEMPOTENCY_KEY=value), 400, "bad-request")


def test_an_idempotency_key_out_of_form_is_refused_in_a_dry_run_too(service):
    response = service.patch({"actionId": "1", "status": "done"}, query="?dry_run=true", Idempotency_Key="a b")

    refused(service, response, 400, "bad-request")


@pytest.mark.parametrize(
    "value",
    [
        *SPLITTING.values(),
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nX: y",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-" + "0" * 8000,
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-00000000000000000000000000000000-0000000000000000-00",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01, 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ],
    ids=repr,
)  # fmt: skip
def test_a_trace_context_out_of_form_goes_no_further(service, value):
    assert raw(service, VALID, HTTP_TRACEPARENT=value).status_code == 200
    sent = service.core.contexts[0].traceparent
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", sent)
    assert sent not in value


@pytest.mark.parametrize(
    "value",
    [
        "wait=10\r\nSet-Cookie: a=b",
        "wait=1\x00",
        "wait=-1",
        "wait=1e9",
        "wait=" + "9" * 5000,
        "wait=\xb2",
        "wait" * 1500,
        "wait=1,wait=1",
        "wait=;" * 1200,
        "wait = " + " " * 7000,
        "," * 8000,
    ],
    ids=lambda value: repr(value[:20]),
)
def test_a_preference_out_of_form_is_ignored(service, value):
    response = raw(service, VALID, HTTP_PREFER=value)

    assert response.status_code == 200
    assert "Set-Cookie" not in response.headers
    applied = response.headers.get("Preference-Applied", "wait=0")
    assert applied.removeprefix("wait=").isdecimal()


@pytest.mark.parametrize(
    ("name", "value", "status", "slug"),
    [
        ("CONTENT_TYPE", "application/json\r\nX: y", 415, "unsupported-media-type"),
        ("CONTENT_TYPE", "application/json; charset=utf-7", 415, "unsupported-media-type"),
        ("CONTENT_TYPE", "application/json; charset=" + "x" * 7000, 415, "unsupported-media-type"),
        ("CONTENT_TYPE", "application/" + "a" * 7000, 415, "unsupported-media-type"),
        ("CONTENT_TYPE", "multipart/form-data; boundary=x", 415, "unsupported-media-type"),
        ("CONTENT_TYPE", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
        ("CONTENT_TYPE", "text/plain, application/json", 415, "unsupported-media-type"),
        ("HTTP_CONTENT_ENCODING", "gzip\r\nX: y", 415, "unsupported-media-type"),
        ("HTTP_CONTENT_ENCODING", "GZIP, identity", 400, "bad-request"),
        ("HTTP_CONTENT_ENCODING", "x-gzip", 400, "bad-request"),
        ("HTTP_CONTENT_ENCODING", "br", 415, "unsupported-media-type"),
        ("HTTP_ACCEPT", "text/html", 406, "not-acceptable"),
        ("HTTP_AUTHORIZATION", "Bearer good, Bearer good", 400, "bad-request"),
        ("HTTP_AUTHORIZATION", "Bearer good\r\nX: y", 401, "invalid-token"),
        ("HTTP_AUTHORIZATION", "", 401, "invalid-token"),
        ("HTTP_AUTHORIZATION", "Basic Z29vZDo=", 401, "invalid-token"),
    ],
)
def test_another_header_out_of_form_is_refused(service, name, value, status, slug):
    response = raw(service, VALID, **{name: value})

    refused(service, response, status, slug)
    assert not {"X", "Set-Cookie"} & set(response.headers.keys())


@pytest.mark.parametrize(
    "host", ["evil.example\r\nX: y", "a b", "<script>", "x@evil.example", "evil.example/x", "\xe9"]
)
def test_a_host_that_is_none_is_not_repeated(service, host):
    response = service.client.get("/nowhere", environ_overrides={"HTTP_HOST": host})

    assert response.get_json()["type"] == "/problems/no-such-page"


FORWARDED = {
    "HTTP_X_FORWARDED_FOR": "127.0.0.1",
    "HTTP_X_FORWARDED_HOST": "evil.example",
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_FORWARDED": "for=127.0.0.1;host=evil.example",
    "HTTP_X_HTTP_METHOD_OVERRIDE": "DELETE",
    "HTTP_X_ORIGINAL_URL": "/metrics",
    "HTTP_X_REWRITE_URL": "/metrics",
}


@pytest.mark.parametrize("name", FORWARDED)
def test_what_a_caller_says_about_itself_changes_nothing(service, name):
    assert raw(service, VALID, **{name: FORWARDED[name]}).status_code == 200
    elsewhere = service.client.get("/nowhere", environ_overrides={name: FORWARDED[name]})
    assert elsewhere.get_json()["type"] == "http://localhost/problems/no-such-page"


@pytest.mark.parametrize(
    "path",
    [
        BULK + "/../../../metrics",
        BULK + "/%2e%2e/actions",
        BULK + "%00",
        BULK + ";x=1",
        BULK + "%0d%0aX:%20y",
        "/openapi//api/v1/actions",
        "/OPENAPI/api/v1/actions",
        "/openapi/api/v1/actions%2f",
        "/docs/..%2f..%2fsetup.cfg",
        "/docs/%2e%2e/setup.cfg",
        "/problems/..%2f..%2fetc%2fpasswd",
        "/status/..%2fstatus.py",
        "/.git/config",
        "/.env",
        "/static/status/index.html",
    ],
)
def test_a_path_that_is_confused_leads_nowhere(service, path):
    for method in ("GET", "PATCH"):
        refused(service, service.client.open(path, method=method), 404, "no-such-page")


@pytest.mark.parametrize(
    "action_id",
    [
        "..",
        "%2e%2e",
        "1%2f..%2f2",
        "0d9f6f0e-2a41-4c58-8b1c-0f6a7c9b2222%00",
        "0d9f6f0e-2a41-4c58-8b1c-0f6a7c9b2222%0a",
        "0d9f6f0e-2a41-4c58-8b1c-0f6a7c9b2222%0d%0aX:%20y",
        "0d9f6f0e-2a41-4c58-8b1c-0f6a7c9b2222;x",
        "0d9f6f0e-2a41-4c58-8b1c-0f6a7c9b2222%3fx=1",
        "%7b0d9f6f0e-2a41-4c58-8b1c-0f6a7c9b2222%7d",
        "0d9f6f0e2a414c588b1c0f6a7c9b2222",
        "%EF%BC%90d9f6f0e-2a41-4c58-8b1c-0f6a7c9b2222",
        "0d9f6f0e-2a41-4c58-8b1c-0f6a7c9b2222%E2%80%8E",
        "%ff%fe",
        "*",
        "1",
    ],
)
def test_ids_in_the_path_are_uuids_or_refused(service, action_id):
    for ids in ({"action": action_id}, {"integration": action_id}):
        response = put(service, '{"name": "x"}', **ids)
        refused(
            service, response, response.status_code, "bad-request" if response.status_code == 400 else "no-such-page"
        )
        assert response.status_code in {400, 404}


@pytest.mark.parametrize("query", ["?dry_run=true&dry_run=false", "?dry_run=1", "?dry_run=TRUE", "?dry_run", "?Dry_Run=true",
                                   "?dry_run%00=true", "?dry_run=true%0a", "?__proto__=1", "?dry-run=true", "?dry_run[]=true",
                                   "?" + "&".join(f"a{n}=1" for n in range(2000)), "?%ff=1", "?=", "?dry_run=true;x=1"],
                         ids=lambda query: query[:24])  # fmt: skip
def test_a_query_that_is_confused_never_writes(service, query):
    refused(service, service.patch({"actionId": "1", "status": "done"}, query=query), 400, "unknown-parameter")
