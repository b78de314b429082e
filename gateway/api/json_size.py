"""How large a JSON text is, counted before it is parsed: parsing cannot be interrupted, so it has to be short."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Each value but the outermost follows a comma, or is the first in its array or object; a colon follows each name.
_NO_MARKS = bytes(set(range(256)) - set(b"[{,:"))
_ONE_BRACKET = bytes.maketrans(b"{", b"[")
_PIECE = 65_536
_LARGE_PIECE = 1_048_576


class JsonSize(NamedTuple):
    """How much a text holds: ``values`` of any kind, those of them that are arrays or objects, and names in objects."""

    values: int
    containers: int
    names: int

    def plus(self, text: bytes) -> JsonSize:
        """This and what stands in a text without strings. An empty array or object may count as two values."""
        marks = text.translate(_ONE_BRACKET, _NO_MARKS)
        containers, names = marks.count(b"["), marks.count(b":")
        return JsonSize(self.values + len(marks) - names, self.containers + containers, self.names + names)

    def fits(self, most: JsonSize) -> bool:
        """Whether none of the three is more than in ``most``."""
        return self.values <= most.values and self.containers <= most.containers and self.names <= most.names


_OUTERMOST = JsonSize(1, 0, 0)


def is_larger(body: bytes, most: JsonSize, let_others_run: Callable[[], None]) -> bool:
    """Whether ``body`` holds more than ``most``. ``let_others_run`` is called between pieces of it."""
    if len(body) < min(most):
        return False
    # Marks inside strings count here too. Only where there are too many is it looked at what is a string.
    size = _OUTERMOST
    for start in range(0, len(body), _LARGE_PIECE):
        size = size.plus(body[start : start + _LARGE_PIECE])
        let_others_run()
    if size.fits(most):
        return False
    size = _OUTERMOST
    for piece in _outside_strings(body):
        size = size.plus(piece)
        if not size.fits(most):
            return True
        let_others_run()
    return False


def _outside_strings(body: bytes) -> Iterator[bytes]:
    is_inside = 0
    for piece in _pieces(body):
        # Each escape goes with what it escapes, so that every quote left begins or ends a string.
        bare = piece.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in piece else piece
        parts = bare.split(b'"')
        yield b"".join(parts[is_inside::2])
        is_inside ^= (len(parts) - 1) & 1


def _pieces(body: bytes) -> Iterator[bytes]:
    """The body in pieces, none of which ends between a backslash and what it escapes."""
    start = 0
    while piece := body[start : start + _PIECE]:
        if (len(piece) - len(piece.rstrip(b"\\"))) & 1:
            piece += body[start + len(piece) : start + len(piece) + 1]
        yield piece
        start += len(piece)
