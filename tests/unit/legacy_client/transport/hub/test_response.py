from __future__ import annotations

import io

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from legacy_client.transport.hub.headers import ResponseHeaders
from legacy_client.transport.hub.whole_response import WholeResponse

REQUEST = requests.Request("PATCH", "http://core.test/actions/1").prepare()


HEAD = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json; charset=utf-8\r\nRETRY-After:\t7 "


def answer(head: bytes = HEAD) -> WholeResponse:
    return WholeResponse(REQUEST, 404, ResponseHeaders(head, head.lower()), b'{"id": 1}')


def test_an_answer_looks_like_one_that_requests_has_built() -> None:
    raw = HTTPResponse(
        io.BytesIO(b'{"id": 1}'),
        {"content-type": "application/json; charset=utf-8", "retry-after": "7"},
        404,
        reason="Not Found",
        preload_content=False,
    )
    built = HTTPAdapter().build_response(REQUEST, raw)
    names = ("status_code", "url", "reason", "encoding", "headers", "content", "text", "history", "elapsed", "request")
    names += ("ok", "is_redirect", "is_permanent_redirect", "next", "links", "apparent_encoding")

    assert {name: getattr(answer(), name) for name in names} == {name: getattr(built, name) for name in names}
    assert answer().json() == built.json()
    assert list(answer().iter_content(4)) == list(built.iter_content(4))
    assert list(answer().cookies) == list(built.cookies) == []
    with pytest.raises(requests.HTTPError):
        answer().raise_for_status()
    answer().close()


def test_an_unknown_status_has_no_reason() -> None:
    assert WholeResponse(REQUEST, 299, ResponseHeaders(b"HTTP/1.1 299 Odd", b"http/1.1 299 odd"), b"").reason == ""


@pytest.mark.parametrize("name", ["Retry-After", "retry-after", "RETRY-AFTER"])
def test_a_header_is_found_in_any_case_before_and_after_all_are_decoded(name: str) -> None:
    headers = answer().headers

    assert (headers.get(name), headers.get("X-None"), headers.get("X-None", "so")) == ("7", None, "so")
    assert headers[name] == "7"
    assert (headers.get(name), headers.get("X-None"), headers.get("X-None", "so")) == ("7", None, "so")


def test_a_header_that_was_set_is_the_one_that_is_read() -> None:
    headers = answer().headers

    headers["Retry-After"] = "8"

    assert headers.get("retry-after") == "8"


@pytest.mark.parametrize("name", ["Via", "Not-Found", "After"])
def test_a_header_is_not_found_in_the_name_or_value_of_another(name: str) -> None:
    assert answer(HEAD + b"\r\nX-Via: via: 1").headers.get(name) is None


def test_a_header_that_came_more_than_once_has_all_its_values() -> None:
    headers = answer(HEAD + b"\r\nVia: a\r\nX: 1\r\nvia:  b").headers

    assert headers.get("via") == "a, b"
    assert headers["VIA"] == "a, b"
