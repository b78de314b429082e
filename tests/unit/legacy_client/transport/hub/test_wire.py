from __future__ import annotations

import pytest
import requests

from legacy_client.template import RequestTemplate
from legacy_client.transport.hub.wire import Origin, Wire

URL = "http://core.test:8080/api"


def wire(deadline_header: str = "X-Left") -> Wire:
    return Wire(Origin(URL), deadline_header)


def test_a_templated_request_is_sent_as_it_was_prepared_with_the_milliseconds_left() -> None:
    request = RequestTemplate.of("PATCH", URL, {}).prepare("/actions/1", b"{}", {"X-Call": "1"})

    assert wire().serialise(request, 1.2345) == (
        b"PATCH /api/actions/1 HTTP/1.1\r\nHost: core.test:8080\r\nAccept-Encoding: identity\r\n"
        b"X-Call: 1\r\nContent-Length: 2\r\nX-Left: 1234\r\n\r\n{}"
    )


def test_without_a_name_for_it_the_time_left_is_not_sent() -> None:
    request = RequestTemplate.of("PATCH", URL, {}).prepare("/actions/1", b"{}", {})

    assert wire("").serialise(request, 1.0).endswith(b"Content-Length: 2\r\n\r\n{}")


def test_a_header_name_may_have_any_character_of_a_token() -> None:
    request = RequestTemplate.of("PATCH", URL, {}).prepare("/actions/1", b"", {})

    assert wire("X-%d-Left").serialise(request, 1.0).endswith(b"\r\nX-%d-Left: 1000\r\n\r\n")


def test_a_templated_request_that_was_changed_is_sent_as_changed() -> None:
    request = RequestTemplate.of("PATCH", URL, {}).prepare("/actions/1", b"{}", {})
    request.headers["Authorization"] = "Bearer x"

    assert b"\r\nAuthorization: Bearer x\r\n" in wire().serialise(request, 1.0)


@pytest.mark.parametrize(
    ("data", "body"), [(b'{"a": 1}', b'{"a": 1}'), ('{"a": "é"}', '{"a": "é"}'.encode()), (None, b"")]
)
def test_any_request_for_the_origin_can_be_sent(data: bytes | str | None, body: bytes) -> None:
    request = requests.Request("PUT", URL + "/x?y=1#z", headers={"X-Bytes": b"1"}, data=data).prepare()

    head, _, sent = wire("").serialise(request, 1.0).partition(b"\r\n\r\n")

    assert sent == body
    assert head.split(b"\r\n") == [
        b"PUT /api/x?y=1 HTTP/1.1",
        b"Host: core.test:8080",
        b"Accept-Encoding: identity",
        b"X-Bytes: 1",
        b"Content-Length: %d" % len(body),
    ]


def test_what_would_change_the_framing_or_the_coding_is_our_own() -> None:
    request = requests.Request("PUT", URL, data=b"{}").prepare()
    request.headers.update(
        {"host": "elsewhere", "content-length": "9", "transfer-encoding": "chunked", "accept-encoding": "gzip"}
    )

    data = wire("").serialise(request, 1.0)

    assert data.count(b"\r\n") == 5
    assert b"elsewhere" not in data
    assert b"\r\nContent-Length: 2\r\n" in data
    assert b"\r\nAccept-Encoding: identity\r\n" in data


def broken(**changes: object) -> requests.PreparedRequest:
    request = requests.Request("PUT", URL + "/x").prepare()
    for name, value in changes.items():
        setattr(request, name, value)
    return request


@pytest.mark.parametrize(
    "request_",
    [
        broken(url="http://core.test/api/x"),
        broken(url="https://core.test:8080/api/x"),
        broken(url="http://elsewhere:8080/api/x"),
        broken(url="http://core.test@elsewhere:8080/api/x"),
        broken(url="file:///etc/passwd"),
        broken(url=None),
        broken(method="HEAD"),
        broken(method="CONNECT"),
        broken(method="PUT\r\n"),
        broken(headers={"X": "1\r\nY: 2"}),
        broken(headers={"X\n": "1"}),
        broken(headers={"X": "\0"}),
        broken(headers={"X": "€"}),
        broken(body=[b"a", b"b"]),
    ],
    ids=lambda request: f"{request.method!r}-{request.url}-{request.headers}",
)
def test_a_request_that_does_not_belong_here_is_refused(request_: requests.PreparedRequest) -> None:
    with pytest.raises(ValueError, match=r"."):
        wire().serialise(request_, 1.0)


@pytest.mark.parametrize("url", ["ftp://core", "core", "http://", "http://:80"])
def test_an_origin_is_an_http_url_with_a_host(url: str) -> None:
    with pytest.raises(ValueError, match="http"):
        Origin(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://core", ("core", 80, False)),
        ("https://core/x", ("core", 443, True)),
        ("https://[::1]:8443", ("::1", 8443, True)),
    ],
)
def test_an_origin_knows_its_port(url: str, expected: tuple[str, int, bool]) -> None:
    origin = Origin(url)

    assert (origin.host, origin.port, origin.is_secure) == expected
