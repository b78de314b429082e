"""Packed texts, and how a part is cut into chunks."""

from __future__ import annotations

import random
import zlib

import pytest

from gateway.jobs.chunk import MOST_BYTES, cut, pack, shown, unpack
from gateway.jobs.packing import packed, unpacked
from legacy_client.calls import Update

_NOISE = random.Random(1).randbytes(200_001)


@pytest.mark.parametrize("size", [0, 1, 32_000, 32_001, 64_999, 65_000, 65_001, 130_000, 200_001])
def test_a_text_is_one_stream_whatever_its_size(size):
    text = _NOISE[:size]

    assert zlib.decompress(packed(text)) == unpacked(packed(text)) == text


def test_many_sections_take_little_more_than_one():
    lines = b"".join(b'{"actionId":"%d","title":"Leave approval %d"}\n' % (number, number) for number in range(5000))

    assert len(lines) == 247_780
    assert len(packed(lines)) < 1.1 * len(zlib.compress(lines, 1))


@pytest.mark.parametrize("at", [0, 5, 100, -1], ids=["head", "begin", "middle", "sum"])
def test_a_broken_text_is_not_read(at):
    broken = bytearray(packed(_NOISE))
    broken[at] ^= 0x55

    with pytest.raises(zlib.error):
        unpacked(bytes(broken))
    with pytest.raises(zlib.error):
        unpacked(packed(_NOISE)[:-5])


def test_calls_are_as_they_were_packed():
    calls = [Update("7", b'{"a":"\xc3\xa9"}'), Update("00000000-0098-a5d4-0000-000000000001", b"{}")]

    assert unpack(pack(calls)) == calls
    assert type(unpack(pack(calls))[0]) is Update
    assert shown(b"broken", 2) == [Update("", b"")] * 2


@pytest.mark.parametrize(
    ("sizes", "items"),
    [
        ([], []),
        ([2] * 500, [500]),
        ([2] * 1001, [500, 500, 1]),
        ([MOST_BYTES], [1]),
        ([MOST_BYTES + 1, 2, 2], [1, 2]),
        ([MOST_BYTES // 2] * 5, [2, 2, 1]),
        ([2, MOST_BYTES, 2], [1, 1, 1]),
    ],
)
def test_a_chunk_has_at_most_500_items_and_2_mib(sizes, items):
    calls = [Update(str(number), b" " * size) for number, size in enumerate(sizes)]

    pieces = list(cut(calls))

    assert [piece.items for piece in pieces] == items
    assert [piece.line for piece in pieces] == [sum(items[:at]) for at in range(len(items))]
    assert [call for piece in pieces for call in unpack(piece.calls)] == calls
