"""The lines of a file as text, with the byte that each ends at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.errors import Refused
from cli.rows.row import MAX_ROW_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

BOM = b"\xef\xbb\xbf"
_WIDE_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
# A ZIP archive, as Excel, LibreOffice and Numbers save, and Excel's older form.
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


class TextLines:
    """An iterator over the lines from byte ``at`` to ``end``. Raises Refused for what is not UTF-8.

    ``at`` moves with it. ``line`` counts the lines of the whole file, for messages.
    """

    def __init__(self, file: BinaryIO, at: int = 0, end: int | None = None) -> None:
        self._file = file
        self._end = end
        self.at = at
        self.row_began = at
        file.seek(at)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._end is not None and self.at >= self._end:
            raise StopIteration
        line = self._file.readline(MAX_ROW_BYTES + 1)
        if not line:
            raise StopIteration
        began, self.at = self.at, self.at + len(line)
        if self.at - self.row_began > MAX_ROW_BYTES:
            raise Refused(
                f"the row that begins at {place_in(self._file, self.row_began)} is longer than 1 MiB; is a quote not closed?"
            )
        try:
            return line.decode()
        except UnicodeDecodeError as exc:
            where = place_in(self._file, began + exc.start)
            raise Refused(f"{where} is {line[exc.start]:#04x}, which is not UTF-8; {_advice(self._file)}") from exc


def after_bom(file: BinaryIO) -> int:
    """The byte of the first character. Raises Refused for a file in UTF-16, or a workbook."""
    file.seek(0)
    head = file.read(4)
    if head in _WORKBOOKS:
        raise Refused(f"it is a workbook and not text; in the spreadsheet, {_SAVE}")
    if name := _WIDE_MARKS.get(head[:2]):
        raise Refused(f"byte 0 of line 1 is {head[0]:#04x}: the file is {name} and not UTF-8; {_SAVE}")
    return len(BOM) if head.startswith(BOM) else 0


def place_in(file: BinaryIO, byte: int) -> str:
    """Byte and line, as people count them."""
    at, line, left = file.tell(), 1, byte
    file.seek(0)
    while left and (piece := file.read(min(left, 1 << 16))):
        line += piece.count(b"\n")
        left -= len(piece)
    file.seek(at)
    return f"byte {byte} in line {line}"


_SAVE = "save it as CSV UTF-8"


def _advice(file: BinaryIO) -> str:
    return _SAVE if str(file.name).lower().endswith((".csv", ".txt", ".tsv")) else "save it as UTF-8"
