from __future__ import annotations

import io

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from legacy_client.transport.hub.answer import Answer

REQUEST = requests.Request("PATCH", "http://core.test/actions/1").prepare()


def answer(headers: dict[bytes, bytes] | None = None, content: bytes = b'{"id": 1}') -> Answer:
    kept = {b"content-type": b"application/json; charset=utf-8", b"retry-after": b"7"}
    return Answer(REQUEST, 404, kept if headers is None else headers, content)


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
    assert Answer(REQUEST, 299, {}, b"").reason == ""


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
