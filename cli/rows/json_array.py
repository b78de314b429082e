"""A JSON array of items, or ``{"data": [...]}``, as lines of NDJSON, in flat memory."""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING

from cli.errors import Refused
from cli.rows.row import MAX_ROW_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    class Readable(Protocol):
        def read(self, size: int, /) -> bytes: ...


_PIECE = 1 << 16
# Spaces and the name of the array.
_MOST_BEFORE = 1 << 16
_BEGINNING = re.compile(r'\s*(\{\s*"data"\s*:\s*)?\[\s*')
_SPACE = re.compile(r"\s*")
_NO_ARRAY = 'the document must be an array of items, or {"data": [...]} with nothing beside it'


def items_in(file: Readable) -> Iterator[str]:
    """The text of each item, on one line. Raises Refused."""
    return _Document(file).items()


class _Document:
    def __init__(self, file: Readable) -> None:
        self._file = file
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._text = ""
        self._at_end = False
        self._number = 0

    def items(self) -> Iterator[str]:
        wrapped = self._begin()
        if not self._follows("]"):
            while True:
                yield self._item()
                if self._follows("]"):
                    break
                if not self._follows(","):
                    raise self._broken("a comma or a closing bracket must follow")
        if wrapped and not self._follows("}"):
            raise Refused(_NO_ARRAY)
        self._fill(1)
        if self._text.strip():
            raise Refused("something follows the end of the document")

    def _begin(self) -> bool:
        """Whether the array is the ``data`` of an object."""
        while (found := _BEGINNING.match(self._text)) is None and not self._at_end and len(self._text) < _MOST_BEFORE:
            self._fill(len(self._text) + 1)
        if found is None:
            raise Refused(_NO_ARRAY)
        self._text = self._text[found.end() :]
        return bool(found[1])

    def _follows(self, mark: str) -> bool:
        """Whether ``mark`` comes next, and if so go past it."""
        while not (left := self._text.lstrip()) and not self._at_end:
            self._text = ""
            self._fill(1)
        self._text = left
        if not left.startswith(mark):
            return False
        self._text = left[len(mark) :]
        return True

    def _item(self) -> str:
        self._number += 1
        while True:
            began = _SPACE.match(self._text)
            start = began.end() if began else 0
            try:
                _, end = json.JSONDecoder().raw_decode(self._text, start)
            except json.JSONDecodeError as exc:
                if self._at_end or len(self._text) > MAX_ROW_BYTES:
                    raise self._broken(exc.msg) from exc
            except (ValueError, RecursionError) as exc:
                raise self._broken("a number is too long or it nests too deep") from exc
            else:
                if end < len(self._text) or self._at_end:
                    text, self._text = self._text[start:end], self._text[end:]
                    # A line end can stand between tokens only.
                    return text.replace("\n", " ").replace("\r", " ")
            self._fill(len(self._text) + _PIECE)

    def _fill(self, size: int) -> None:
        """Have at least ``size`` characters, if there are as many."""
        while len(self._text) < size and not self._at_end:
            piece = self._file.read(_PIECE)
            self._at_end = not piece
            try:
                self._text += self._decode(piece, self._at_end)
            except UnicodeDecodeError as exc:
                raise Refused(
                    f"item {self._number + 1} or one soon after it is not UTF-8; save the file as UTF-8"
                ) from exc

    def _broken(self, why: str) -> Refused:
        return Refused(f"item {self._number}: {why}; the document is no JSON from here on")
