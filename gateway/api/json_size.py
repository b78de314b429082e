from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# orjson cannot be interrupted, so what it parses has to be short.
# Every value but the outermost follows one of `[{,`, or the colon after its name.
_NO_MARKS = bytes(set(range(256)) - set(b"[{,:"))
_NO_VALUE_MARKS = bytes(set(range(256)) - set(b"[{,"))
_WHITE = ((b" ", b" :"), (b"\t", b"\t:"), (b"\n", b"\n:"), (b"\r", b"\r:"))
_ONE_BRACKET = bytes.maketrans(b"{", b"[")
# Quotes, colon and value of the shortest.
_NAME_BYTES = 4
_PIECE = 65_536
_LARGE_PIECE = 1_048_576


class JsonSize(NamedTuple):
    """Numbers of values, of arrays and objects among them, and of names."""

    values: int
    containers: int
    names: int

    def plus(self, text: bytes) -> JsonSize:
        """Add what a text outside strings holds. An empty array or object may count twice."""
        marks = text.translate(_ONE_BRACKET, _NO_MARKS)
        containers, names = marks.count(b"["), marks.count(b":")
        return JsonSize(self.values + len(marks) - names, self.containers + containers, self.names + names)

    def fits(self, most: JsonSize) -> bool:
        return self.values <= most.values and self.containers <= most.containers and self.names <= most.names


_OUTERMOST = JsonSize(1, 0, 0)


def is_too_short_for_more(size: int, most: JsonSize) -> bool:
    """Whether no text of ``size`` bytes can hold more than ``most``."""
    # Each value begins with a byte of its own.
    return size <= most.values and size <= most.containers and size // _NAME_BYTES <= most.names


def has_more_brackets(body: bytes, most: int) -> bool:
    """Those that open, in strings too."""
    # Where brackets are few, to split is faster than to count, and it ends where they are many.
    return len(body.split(b"{", most + 1)) + len(body.split(b"[", most + 1)) - 2 > most


def at_most(body: bytes, most_names: int, let_others_run: Callable[[], None]) -> JsonSize:
    """An upper bound: what stands in strings counts too. Names are counted where so many colons can have too many."""
    names, colons = len(body) // _NAME_BYTES, 0
    others = _NO_VALUE_MARKS if names <= most_names else _NO_MARKS
    if len(body) <= _PIECE:
        marks = body.translate(_ONE_BRACKET, others)
    else:
        pieces = _large_pieces(body, let_others_run)
        marks = b"".join([piece.translate(_ONE_BRACKET, others) for piece in pieces])
    if names > most_names:
        colons = marks.count(b":")
        names = colons if colons <= most_names else names_at_most(body)
    return JsonSize(1 + len(marks) - colons, marks.count(b"["), names)


def names_at_most(body: bytes) -> int:
    """Of those in strings, only what looks like one counts."""
    for white, before_colon in _WHITE:
        if white in body and before_colon in body:
            return body.count(b":")
    return body.count(b'":')


def is_larger(body: bytes, most: JsonSize, let_others_run: Callable[[], None]) -> bool:
    """What stands in strings does not count."""
    size = _OUTERMOST
    for piece in _outside_strings(body):
        size = size.plus(piece)
        if not size.fits(most):
            return True
        let_others_run()
    return False


def _large_pieces(body: bytes, let_others_run: Callable[[], None]) -> Iterator[bytes]:
    for start in range(0, len(body), _LARGE_PIECE):
        yield body[start : start + _LARGE_PIECE]
        let_others_run()


def _outside_strings(body: bytes) -> Iterator[bytes]:
    is_inside = 0
    for piece in _pieces(body):
        # Without escapes every quote begins or ends a string.
        bare = piece.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in piece else piece
        parts = bare.split(b'"')
        yield b"".join(parts[is_inside::2])
        is_inside ^= (len(parts) - 1) & 1


def _pieces(body: bytes) -> Iterator[bytes]:
    """Pieces that never part a backslash from what it escapes."""
    start = 0
    while piece := body[start : start + _PIECE]:
        if (len(piece) - len(piece.rstrip(b"\\"))) & 1:
            piece += body[start + len(piece) : start + len(piece) + 1]
        yield piece
        start += len(piece)
