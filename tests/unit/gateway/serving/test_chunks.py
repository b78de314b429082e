"""A body in chunks is read the same however it arrives, and its framing is bounded by what it frames."""

from __future__ import annotations

import pytest
from gunicorn.http.unreader import IterUnreader

from gateway.serving.broken_body import BrokenBody, SmallChunks
from gateway.serving.chunks import ChunkedBody

TEXT = bytes(range(32, 127)) * 6


def in_chunks(data: bytes, size: int, extension: bytes = b"") -> bytes:
    """``data`` as chunks of this size, without the last one."""
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in parts)


def body_of(wire: bytes, piece: int, trailers: list[bytes] | None = None) -> tuple[ChunkedBody, IterUnreader]:
    """What reads this, and where it comes from, so many bytes at a time."""
    source = IterUnreader(wire[at : at + piece] for at in range(0, len(wire), piece))
    return ChunkedBody(source, (trailers if trailers is not None else []).append), source


def whole(body: ChunkedBody, step: int = 1000) -> bytes:
    return b"".join(iter(lambda: body.read(step), b""))


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 100, 8192])
@pytest.mark.parametrize("size", [1, 2, 15, 16, 700, 5000])
def test_chunks_of_any_size_arrive_in_any_pieces(size, piece):
    trailers: list[bytes] = []
    wire = in_chunks(TEXT, size, b' ; a = "x\\"y" ;b') + b"0\r\nX: y\r\n\r\n" + b"GET"
    body, source = body_of(wire, piece, trailers)

    assert whole(body) == TEXT
    assert body.read(10) == b""
    assert trailers == [b"X: y"]
    assert source.read(3).startswith(b"G")


@pytest.mark.parametrize("step", [1, 64, 1000, 100_000])
def test_a_read_gives_as_much_as_was_asked_for_until_the_end(step):
    body, _ = body_of(in_chunks(TEXT, 100) + b"0\r\n\r\n", 50)

    reads = list(iter(lambda: body.read(step), b""))

    assert b"".join(reads) == TEXT
    assert {len(read) for read in reads[:-1]} <= {step}


def test_without_trailers_nothing_is_told_of_them():
    trailers: list[bytes] = []
    body, source = body_of(b"3\r\nabc\r\n0\r\n\r\nGET", 100, trailers)

    assert (whole(body), trailers, source.read(3)) == (b"abc", [], b"GET")


@pytest.mark.parametrize("piece", [1, 8192])
@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"3",
        b"3\r\nab",
        b"3\r\nabc\r\n",
        b"3\r\nabc\r\n0\r\n",
        b"3\r\nabc\r\n0\r\nX: y\r\n",
        b"\r\nabc\r\n0\r\n\r\n",
        b"-3\r\nabc\r\n0\r\n\r\n",
        b"0x3\r\nabc\r\n0\r\n\r\n",
        b"3 \r\nabc\r\n0\r\n\r\n",
        b"3;\r\nabc\r\n0\r\n\r\n",
        b'3;x="\r\nabc\r\n0\r\n\r\n',
        b"3;x\ry\r\nabc\r\n0\r\n\r\n",
        b"3\nabc\r\n0\r\n\r\n",
        b"3\r\nabcd\r\n0\r\n\r\n",
        b"3\r\nabc\n0\r\n\r\n",
        b"3\r\nabc0\r\n\r\n",
        b"3\r\nabc\r\n0\r\nX: y\n",
        b"3;" + b"x" * 9000 + b"\r\nabc\r\n0\r\n\r\n",
        b"3\r\nabc\r\n0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    ],
)
def test_framing_that_is_wrong_or_cut_is_broken(wire, piece):
    body, _ = body_of(wire, piece)

    with pytest.raises(BrokenBody):
        whole(body)


@pytest.mark.parametrize(
    "wire",
    [in_chunks(b"x" * 6000, 1), in_chunks(b"x" * 400_000, 20), in_chunks(b"x" * 10_000, 100, b";a=" + b"b" * 197)],
    ids=["one-byte", "twenty-bytes", "long-extensions"],
)
def test_a_body_whose_framing_outweighs_it_is_refused_before_its_end(wire):
    body, _ = body_of(wire, 8192)

    with pytest.raises(SmallChunks):
        whole(body)


@pytest.mark.parametrize(
    "wire", [in_chunks(b"x" * 2000, 1), in_chunks(b"x" * 200_000, 24)], ids=["a-few-of-one-byte", "twenty-four-bytes"]
)
def test_a_few_small_chunks_pass_and_so_do_many_of_24_bytes(wire):
    body, _ = body_of(wire + b"0\r\n\r\n", 8192)

    assert set(whole(body)) == set(b"x")
