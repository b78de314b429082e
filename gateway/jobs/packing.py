"""Text as one zlib stream (RFC 1950), made by ISA-L, or by zlib where there is no ISA-L: each reads what the other made."""

from __future__ import annotations

from typing import Any

try:
    from isal import isal_zlib
    from isal.isal_zlib import compress, decompress

    # Their types call this class an instance.
    _unreadable: Any = isal_zlib.error
except ImportError:  # A machine for which setup.cfg names none.
    import zlib
    from zlib import compress, decompress

    _unreadable = zlib.error

# ISA-L's 1 packs as small as zlib's 1 in a third of the time; its 0 makes a third more bytes.
_LEVEL = 1
# Most texts are smaller; for others the buffer grows by copies.
_USUAL_BYTES = 65_536


class UnreadableTextError(Exception):
    """Not what was packed."""

    # No ValueError: who asks for a page of results takes that for a cursor that is none.


def packed(text: bytes) -> bytes:
    return compress(text, _LEVEL)


def unpacked(text: bytes) -> bytes:
    """Raises UnreadableTextError."""
    try:
        return decompress(text, bufsize=_USUAL_BYTES)
    except _unreadable as exc:
        raise UnreadableTextError from exc
