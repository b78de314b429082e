"""A head that is known from the request before is what the full look at it gives."""

from __future__ import annotations

import pytest
from gunicorn.config import Config
from hypothesis import given
from hypothesis import strategies as st

from gateway.serving.plain_head import PlainHead, PlainHeads
from gateway.serving.repeated_head import RepeatedHead

HEADS = PlainHeads(Config())
HEAD = b"PATCH /a?b=c HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\nAuthorization: Bearer t\r\n\r\n"


def repeated(head: bytes = HEAD, times: int = 1) -> RepeatedHead:
    known = RepeatedHead()
    for _ in range(times):
        read = HEADS.read(head)
        assert read is not None
        known.learn(head, read)
    return known


@pytest.mark.parametrize("digits", [b"12", b"7", b"07", b"0"])
def test_a_head_that_differs_in_its_length_only_is_known(digits: bytes):
    data = HEAD.replace(b"12", digits) + b"{}"

    assert repeated().read(data) == PlainHead(
        "PATCH",
        "/a?b=c",
        {"HTTP_HOST": "h", "CONTENT_LENGTH": digits.decode(), "HTTP_AUTHORIZATION": "Bearer t"},
        int(digits),
        False,
        len(HEAD) - 2 + len(digits),
    )


@pytest.mark.parametrize(
    "data",
    [
        HEAD.replace(b"12", b"123"),  # A longer line might be over a bound.
        HEAD.replace(b"12", b"1 "),
        HEAD.replace(b"12", b""),
        HEAD.replace(b"12", b"-1"),
        HEAD.replace(b"12", "²".encode("latin-1")),
        HEAD.replace(b"12", b"12\r\nContent-Length: 12"),
        HEAD.replace(b"Bearer t", b"Bearer u"),
        HEAD.replace(b"Bearer t", b"Bearer tt"),
        HEAD.replace(b"PATCH", b"PUT"),
        HEAD.replace(b"Content-Length: 12\r\n", b""),
        HEAD[:-2],
        HEAD[:-2] + b"X: y\r\n\r\n",
        b"\r\n" + HEAD,
        b"",
    ],
)
def test_any_other_is_read_anew(data: bytes):
    assert repeated().read(data) is None


def test_the_digits_of_the_length_may_stand_before_it_too():
    head = HEAD.replace(b"Host: h", b"Host: h12")
    known = repeated(head)
    longer = known.read(head.replace(b": 12", b": 13"))

    assert known.read(head.replace(b"h12", b"h13")) is None
    assert longer is not None
    assert longer.fields["CONTENT_LENGTH"] == "13"


def test_each_request_has_fields_of_its_own():
    known = repeated()
    first, second = known.read(HEAD), known.read(HEAD)
    assert first is not None
    assert second is not None

    first.fields["HTTP_HOST"] = "other"

    assert (second.fields["HTTP_HOST"], known.read(HEAD)) == ("h", second)


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"PATCH / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nX: " + b"x" * 4096 + b"\r\n\r\n",
    ],
    ids=["no-length", "too-large-to-keep"],
)
def test_some_heads_are_not_kept(head: bytes):
    assert repeated(head).read(head) is None


def test_a_client_whose_heads_all_differ_has_none_kept():
    assert repeated(times=8).read(HEAD) is not None
    assert repeated(times=9).read(HEAD) is None


def test_one_that_repeats_its_head_now_and_then_has_it_kept():
    known, other = RepeatedHead(), HEAD.replace(b"/a", b"/b")
    for _ in range(20):
        for head in (HEAD, other):
            read = HEADS.read(head)
            assert read is not None
            known.learn(head, read)
            assert known.read(head) == read


def test_one_whose_heads_seldom_repeat_has_none_kept():
    known, other = RepeatedHead(), HEAD.replace(b"/a", b"/b")
    hits = 0
    for _ in range(10):
        for head in (HEAD, HEAD, *[other, HEAD] * 4):
            read = HEADS.read(head)
            assert read is not None
            if known.read(head) is None:
                known.learn(head, read)
            else:
                hits += 1

    assert (hits, known.read(HEAD)) == (3, None)


# Each name once, or the head is not read the short way.
LINES = (
    [b"Host: h", b"host: h"],
    [b"", b"Content-Length: 3", b"content-length:3", b"Content-Length:\t 12", b"Content-Length: 003"],
    [b"", b"Connection: close", b"Connection: x, Close"],
    [b"", b"X-Note: content-length: 3", b"X-Content-Length: 3"],
    [b"", b"Content-Type: application/json", b"Content-Type: 3"],
)
LENGTHS = st.sampled_from([b"3", b"4", b"12", b"003", b"0", b"", b"3 ", b" 3", b"x", b"3\r\nX-B: c"])


@st.composite
def plain_heads(draw) -> bytes:
    lines = draw(st.permutations([draw(st.sampled_from(kinds)) for kinds in LINES]))
    return b"\r\n".join([b"PATCH /a HTTP/1.1", *filter(None, lines), b"", b""])


@given(plain_heads(), LENGTHS, st.integers(0, 4), st.sampled_from([b"", b"abc", b"\r\n\r\n"]))
def test_what_is_known_is_what_a_full_look_gives(head: bytes, length: bytes, where: int, body: bytes):
    read = HEADS.read(head)
    assert read is not None
    known = RepeatedHead()
    known.learn(head, read)
    # At one of the places where the digit stands, which need not be the length.
    pieces = head.split(b"3")
    data = b"3".join(pieces[:where]) + (length if 0 < where < len(pieces) else b"") + b"3".join(pieces[where:]) + body

    assert known.read(data) in (None, HEADS.read(data))
    assert (known.read(head + body) is None) == ("CONTENT_LENGTH" not in read.fields)
