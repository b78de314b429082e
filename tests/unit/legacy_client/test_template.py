"""A templated request is what requests itself would have prepared, and cannot carry a second request."""

from __future__ import annotations

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from legacy_client.template import RequestTemplate
from legacy_client.templated_request import TemplatedRequest

SHARED = {"Accept": "application/vnd.core.v1+json", "Content-Type": "application/json"}


def template(base_url: str = "http://core.example:8080/api/") -> RequestTemplate:
    return RequestTemplate.of("patch", base_url, SHARED)


def prepared(path: str = "/actions/7", body: bytes = b"{}", **headers: str) -> TemplatedRequest:
    request = template().prepare(path, body, headers)
    assert isinstance(request, TemplatedRequest)
    return request


def head_of(request: requests.PreparedRequest) -> bytes:
    assert isinstance(request, TemplatedRequest)
    assert request.parts is not None
    return request.parts[0]


def test_a_templated_request_equals_what_requests_prepares():
    by_requests = requests.Request(
        "PATCH",
        "http://core.example:8080/api/actions/7",
        headers={"Accept-Encoding": "identity", **SHARED, "X-Call": "7"},
        data=b'{"state": 2}',
    ).prepare()

    request = prepared(body=b'{"state": 2}', **{"X-Call": "7"})

    assert (request.method, request.url, request.body) == (by_requests.method, by_requests.url, by_requests.body)
    assert request.headers == by_requests.headers


def test_the_head_holds_request_line_host_and_every_header_once():
    request = prepared(body=b"abc", **{"Idempotency-Key": "k-7"})

    assert head_of(request) == (
        b"PATCH /api/actions/7 HTTP/1.1\r\nHost: core.example:8080\r\nAccept-Encoding: identity\r\n"
        b"Accept: application/vnd.core.v1+json\r\nContent-Type: application/json\r\n"
        b"Idempotency-Key: k-7\r\nContent-Length: 3\r\n"
    )


def test_the_bytes_are_gone_once_somebody_holds_the_headers():
    request = prepared()

    request.headers["Authorization"] = "Bearer x"

    assert request.parts is None
    assert request.headers["authorization"] == "Bearer x"


def test_an_extended_template_carries_what_a_batch_shares_and_leaves_the_first_alone():
    first = template()

    request = first.extended({"X-Request-ID": "r1"}).prepare("/actions/7", b"", {"X-Call": "7"})

    assert request.headers["X-Request-ID"] == "r1"
    assert request.headers["X-Call"] == "7"
    assert b"X-Request-ID: r1\r\n" not in head_of(first.prepare("/actions/7", b"", {}))


@pytest.mark.parametrize(
    ("base_url", "host"),
    [
        ("http://core", b"core"),
        ("http://core:80/", b"core"),
        ("http://core:8080", b"core:8080"),
        ("https://core:443/x", b"core"),
        ("https://core:80", b"core:80"),
        ("http://[::1]:9000", b"[::1]:9000"),
        ("http://bücher.example", b"xn--bcher-kva.example"),
    ],
)
def test_the_host_header_is_the_authority_without_the_schemes_own_port(base_url: str, host: bytes):
    head = head_of(template(base_url).prepare("/a", b"", {}))

    assert b"\r\nHost: " + host + b"\r\n" in head


@pytest.mark.parametrize("base_url", ["http://user:secret@core", "http://core?x=1", "http://core#x", "core", "http://"])
def test_a_base_url_with_more_than_an_origin_and_a_path_is_refused(base_url: str):
    with pytest.raises(ValueError, match=r"."):
        template(base_url)


@pytest.mark.parametrize("method", ["HEAD", "CONNECT", "head"])
def test_a_method_whose_answers_are_framed_differently_is_refused(method: str):
    with pytest.raises(ValueError, match="framed"):
        RequestTemplate.of(method, "http://core", {})


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: y", "/a\n", "/a\0", "/é", "/a\t", "/\x7f", "/\ud800"])
def test_a_path_outside_visible_ascii_is_refused(path: str):
    with pytest.raises(ValueError, match="visible ASCII"):
        template().prepare(path, b"", {})


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\n", "\ra", "a\0", "\u20ac", "\ud800"])
def test_a_header_that_cannot_stand_in_one_latin1_line_is_refused(value: str):
    for make in (
        lambda: template().prepare("/a", b"", {"X": value}),
        lambda: template().prepare("/a", b"", {value: "x"}),
    ):
        with pytest.raises(ValueError, match=r"."):
            make()


@given(st.text(max_size=20), st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3))
def test_whatever_is_accepted_is_one_head_with_one_line_a_header(path: str, headers: dict[str, str]):
    try:
        request = template().prepare(path, b"", headers)
    except ValueError:
        return

    head = head_of(request)
    assert head.count(b"\n") == head.count(b"\r\n") == 6 + len(headers)


def test_a_copy_is_requests_own_class_with_the_same_parts():
    request = prepared(**{"X-Call": "7"})

    copy = request.copy()

    assert type(copy) is requests.PreparedRequest
    assert (copy.method, copy.url, copy.headers, copy.body) == (request.method, request.url, request.headers, b"{}")


def test_hooks_of_one_request_are_not_those_of_another():
    first, second = prepared(), prepared()

    first.hooks["response"].append(print)

    assert second.hooks == {"response": []}
