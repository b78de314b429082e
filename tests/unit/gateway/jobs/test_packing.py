"""Packed texts, and how a part is cut into chunks."""

from __future__ import annotations

import importlib.util
import random
import sys
import zlib

import pytest
from isal import isal_zlib

import gateway.jobs.packing
from gateway.jobs.chunk import MOST_BYTES, cut, pack, shown, unpack
from legacy_client.calls import Update

_NOISE = random.Random(1).randbytes(200_001)
_LINES = b"".join(b'{"actionId":"%d","title":"Leave approval %d"}\n' % (number, number) for number in range(5000))


@pytest.fixture(params=["isal", "zlib"])
def packing(request, monkeypatch):
    """The module as it is, and as where no ISA-L is installed."""
    assert gateway.jobs.packing.compress is isal_zlib.compress
    if request.param == "zlib":
        monkeypatch.setitem(sys.modules, "isal", None)
        spec = importlib.util.find_spec("gateway.jobs.packing")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert module.compress is zlib.compress
        return module
    return gateway.jobs.packing


@pytest.mark.parametrize("size", [0, 1, 32_000, 65_536, 65_537, 200_001])
def test_a_text_is_one_stream_whatever_its_size(packing, size):
    text = _NOISE[:size]

    assert packing.unpacked(packing.packed(text)) == text
    assert zlib.decompress(packing.packed(text)) == isal_zlib.decompress(packing.packed(text)) == text


def test_a_stream_of_sections_is_read(packing):
    """Stores of earlier releases have such."""
    sections = zlib.compressobj(1, zlib.DEFLATED, -15, 7)
    begin = sections.compress(_LINES[:65_000]) + sections.flush(zlib.Z_FULL_FLUSH)
    rest = zlib.compressobj(1, zlib.DEFLATED, -15, 7)
    stream = begin + rest.compress(_LINES[65_000:]) + rest.flush()

    assert packing.unpacked(b"\x78\x01" + stream + zlib.adler32(_LINES).to_bytes(4, "big")) == _LINES


def test_lines_are_packed_as_small_as_by_zlib(packing):
    assert len(_LINES) == 247_780
    assert len(packing.packed(_LINES)) < 27_500  # zlib's own is 25,219.


@pytest.mark.parametrize("at", [0, 5, 100, -1], ids=["head", "begin", "middle", "sum"])
def test_a_broken_text_is_not_read(packing, at):
    broken = bytearray(packing.packed(_NOISE))
    broken[at] ^= 0x55

    with pytest.raises(packing.UnreadableTextError):
        packing.unpacked(bytes(broken))
    with pytest.raises(packing.UnreadableTextError):
        packing.unpacked(packing.packed(_NOISE)[:-5])
    with pytest.raises(packing.UnreadableTextError):
        packing.unpacked(b"")


def test_calls_are_as_they_were_packed():
    calls = [Update("7", b'{"a":"\xc3\xa9"}'), Update("00000000-0098-a5d4-0000-000000000001", b"{}")]

    assert unpack(pack(calls)) == calls
    assert type(unpack(pack(calls))[0]) is Update
    assert shown(b"broken", 2) == [Update("", b"")] * 2


@pytest.mark.parametrize(
    ("sizes", "items"),
    [
        ([], []),
        ([2] * 1000, [1000]),
        ([2] * 2001, [1000, 1000, 1]),
        ([MOST_BYTES], [1]),
        ([MOST_BYTES + 1, 2, 2], [1, 2]),
        ([MOST_BYTES // 2] * 5, [2, 2, 1]),
        ([2, MOST_BYTES, 2], [1, 1, 1]),
    ],
)
def test_a_chunk_has_at_most_1000_items_and_2_mib(sizes, items):
    calls = [Update(str(number), b" " * size) for number, size in enumerate(sizes)]

    pieces = list(cut(calls))

    assert [piece.items for piece in pieces] == items
    assert [piece.line for piece in pieces] == [sum(items[:at]) for at in range(len(items))]
    assert [call for piece in pieces for call in unpack(piece.calls)] == calls
