"""Text as one zlib stream (RFC 1950), of sections that do not refer to each other."""

from __future__ import annotations

import zlib

# zlib's two windows hold so much; with more it moves them, and all its notes of what stands where: a third of the time.
_SECTION_BYTES = 65_000
_SMALL_BYTES = 32_000
# A stream at level 1 begins so.
_HEADER = b"\x78\x01"
# Half of the usual notes, which are cleared for each section.
_MEMORY_LEVEL = 7
# Most texts are smaller; for others the buffer grows by copies.
_USUAL_BYTES = 65_536


def packed(text: bytes) -> bytes:
    """At zlib's level 1."""
    view, window = memoryview(text), -14 if len(text) <= _SMALL_BYTES else -15
    begins = range(0, len(text) or 1, _SECTION_BYTES)
    sections = [_section(view[begin : begin + _SECTION_BYTES], window, is_last=begin == begins[-1]) for begin in begins]
    return b"".join([_HEADER, *sections, zlib.adler32(text).to_bytes(4, "big")])


def _section(text: memoryview, window: int, *, is_last: bool) -> bytes:
    packing = zlib.compressobj(1, zlib.DEFLATED, window, _MEMORY_LEVEL)
    return packing.compress(text) + packing.flush(zlib.Z_FINISH if is_last else zlib.Z_FULL_FLUSH)


def unpacked(text: bytes) -> bytes:
    """Raises zlib.error."""
    return zlib.decompress(text, bufsize=_USUAL_BYTES)
