"""What the short way reads, gunicorn's own parser reads alike; all else is left to that."""

from __future__ import annotations

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import ParseException
from gunicorn.http.message import Request
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.serving.plain_fields import plain_fields, variable_of

MOST = 8190
NAMES = st.one_of(
    st.sampled_from(["Host", "host", "HOST", "Content-Length", "Expect", "X_A", "X-A", "traceparent", "", " ", "a b"]),
    st.text(st.characters(max_codepoint=255), max_size=4),
)
VALUES = st.text(st.one_of(st.sampled_from(" \t\r\n:,_\x00\x7f\x80ÿ"), st.characters(max_codepoint=255)), max_size=8)
LINES = st.one_of(st.builds("{}:{}".format, NAMES, VALUES), VALUES)
ENDS = st.sampled_from(["\r\n", "\n", "\r", "\r\n ", "\r\r\n"])


# Of different names, so that any of them may stand together.
USUAL = ["Host: h", "content-length:1", "X-A: \t b  c \t", "traceparent:", "X-B: \xe9:\xff", "!#$%&'*+-.^`|~: b"]


@st.composite
def sections(draw) -> bytes:
    """Usual lines, of which one may be unusual, or its end."""
    lines = draw(st.permutations(USUAL))[: draw(st.integers(1, len(USUAL)))]
    ends = ["\r\n"] * (len(lines) - 1) + [""]
    where = draw(st.integers(0, len(lines) - 1))
    what = draw(st.sampled_from(["nothing", "line", "value", "end", "bytes"]))
    if what == "line":
        lines[where] = draw(LINES)
    elif what == "value":
        lines[where] = f"{lines[where]}{draw(VALUES)}"
    elif what == "end":
        ends[where] = draw(ENDS)
    section = "".join(map("".join, zip(lines, ends, strict=True))).encode("latin-1")
    if what == "bytes":
        at = draw(st.integers(0, len(section)))
        section = section[:at] + draw(st.binary(max_size=2)) + section[at + draw(st.integers(0, 2)) :]
    return section


class Parser(Request):
    """gunicorn's parser of fields, without a connection."""

    def __init__(self) -> None:
        self.cfg = Config()
        for name, value in (("forwarded_allow_ips", ""), ("forwarder_headers", ""), ("secure_scheme_headers", {})):
            self.cfg.set(name, value)
        self.limit_request_fields, self.limit_request_field_size = 64, MOST
        self.peer_addr = ("192.0.2.1", 1)
        self.scheme = "http"
        self.version = (1, 1)


def read_by_gunicorn(section: bytes) -> dict[str, str]:
    fields = Parser().parse_headers(section)
    assert len(fields) == len(dict(fields))
    return {variable_of(name): value for name, value in fields}


def plain(section: bytes) -> dict[str, str] | None:
    return plain_fields(section, section.count(b"\n") + 1, MOST)


@settings(max_examples=500)
@given(sections())
def test_what_is_read_the_short_way_gunicorn_reads_alike(section: bytes):
    fields = plain(section)

    if fields is not None:
        assert fields == read_by_gunicorn(section)


@pytest.mark.parametrize(
    ("section", "fields"),
    [
        (b"Host: h", {"HTTP_HOST": "h"}),
        (b"host:h\r\nX-A:", {"HTTP_HOST": "h", "HTTP_X_A": ""}),
        (b"X-A: \t b  c \t", {"HTTP_X_A": "b  c"}),
        (b"X-A: \xe9:\xff", {"HTTP_X_A": "\xe9:\xff"}),
        (b"Content-Type: t\r\ncontent-length: 1", {"CONTENT_TYPE": "t", "CONTENT_LENGTH": "1"}),
    ],
)
def test_plain_fields_are_read(section: bytes, fields: dict[str, str]):
    assert plain(section) == fields == read_by_gunicorn(section)


@pytest.mark.parametrize(
    "section",
    [
        b"",
        b"Host h",
        b":h",
        b"Host : h",
        b"X-A: b\r\n folded",
        b"X-A: b\nX-C: d",
        b"X-A: b\rX-C: d",
        b"X-A: \x00",
        b"X-A: \x01",
        b"X-A: \x7f",
        b"X_A: b",
        b"Expect: 100-continue",
        b"X-\xe9: b",
        b"X-A: " + b"b" * (MOST - 6),
        b"Host: h\r\nHost: h",
    ],
)
def test_what_is_unusual_is_left_to_gunicorn(section: bytes):
    assert plain(section) is None


def test_a_line_of_the_most_bytes_is_read():
    section = b"X-A: " + b"b" * (MOST - 7)

    assert plain(section) == read_by_gunicorn(section) == {"HTTP_X_A": "b" * (MOST - 7)}
    with pytest.raises(ParseException):
        Parser().parse_headers(section + b"b")
