"""What was not applied, as files that are input again: the rows with all their columns, and why."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import tempfile
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cli.errors import Unwritable
from cli.outcome import Failure
from cli.rows.columns import NOTES
from cli.rows.csv_rows import CsvRows
from cli.rows.opening import STDIN
from cli.rows.text_lines import BOM
from cli.told import Told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import TextIO

    from cli.chunk import Chunk
    from cli.journal import Journal
    from cli.rows.row import Row, Rows

NO_ANSWER = "No answer came back; it may have been applied. The same command asks again under the same key."
FAILED, UNKNOWN = "failed", "unknown"


class RowWriter(Protocol):
    def write(self, row: Row, failure: Failure) -> None: ...


def place_beside(name: str, folder: str, kind: str, ending: str) -> Path:
    """``updates.csv.gz`` → ``updates.failed.csv``, beside it or in ``folder``."""
    path = Path("stdin" if name == STDIN else name)
    stem = path.name.removesuffix(".gz")
    stem = stem.removesuffix(Path(stem).suffix) or stem
    return Path(folder or path.parent) / f"{stem}.{kind}.{ending}"


def write(rows: Rows, journal: Journal, paths: Mapping[str, Path]) -> dict[str, Path]:
    """Write the files of FAILED and UNKNOWN rows, as far as there are any. Where each is.

    A file that the user has changed since is kept, and the new one gets a number. Raises Unwritable.
    """
    written = {}
    left: dict[str, str] = {}
    for kind, path in paths.items():
        try:
            place = _write(rows, journal, kind, path)
            if place is not None:
                written[kind] = place
                left[str(place)] = _digest(place)
        except OSError as exc:
            raise Unwritable(f"{path}: {exc.strerror}; --output-dir names another folder") from exc
    if left != journal.state.left or (journal.state.ended and not journal.state.is_left):
        journal.leave(left)
    return written


def _write(rows: Rows, journal: Journal, kind: str, path: Path) -> Path | None:
    """Where the rows of a kind are now; None where there is none."""
    is_ours = _is_ours(path, journal.state.left)
    found = (entry for entry in failed_rows(rows, journal.path) if (entry[1].outcome == "unknown") == (kind == UNKNOWN))
    # A folder that cannot be written to is no fault where there is nothing to write.
    first = next(found, None)
    if first is None:
        if is_ours:
            path.unlink(missing_ok=True)
        return None
    new = _write_new(rows, chain([first], found), path)
    return new.replace(path if is_ours or not path.exists() else _free(path))


def failed_rows(rows: Rows, path: Path) -> Iterator[tuple[Row, Failure]]:
    """Each row that was sent, or was to be, and is not known to be applied."""
    told = Told(path)
    for chunk, failures in told.refused():
        yield from _of(rows, chunk, {failure.place: failure for failure in failures})
    for chunk, last in told.chunks():
        if last is None:
            without = set(chunk.without)
            places = (place for place in range(chunk.count) if chunk.first + place not in without)
            yield from _of(
                rows, chunk, {place: Failure(place, "no_answer", NO_ANSWER, "unknown", True) for place in places}
            )
        elif last:
            yield from _of(rows, chunk, {failure.place: failure for failure in last})


def _of(rows: Rows, chunk: Chunk, failures: Mapping[int, Failure]) -> Iterator[tuple[Row, Failure]]:
    for place, row in enumerate(rows.read(chunk.start, chunk.end, chunk.line)):
        if place in failures:
            yield row, failures[place]


def _write_new(rows: Rows, found: Iterable[tuple[Row, Failure]], path: Path) -> Path:
    """Under a name of its own."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    new = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            writer = row_writer(rows, file)
            for row, failure in found:
                writer.write(row, failure)
        new.chmod(0o666 & ~_umask())
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    return new


def row_writer(rows: Rows, file: TextIO) -> RowWriter:
    """In the form of the input."""
    return _CsvWriter(rows, file) if isinstance(rows, CsvRows) else _JsonWriter(file)


class _CsvWriter:
    """The columns of the input, in its order and with its delimiter. Notes of an earlier run give way to new ones."""

    def __init__(self, rows: CsvRows, file: TextIO) -> None:
        if rows.has_bom:
            # A spreadsheet that wrote one needs one to read UTF-8.
            file.write(BOM.decode())
        self._places = [place for place, name in enumerate(rows.header) if name not in NOTES]
        self._writer = csv.writer(file, delimiter=rows.delimiter)
        self._writer.writerow([*(rows.header[place] for place in self._places), *NOTES])

    def write(self, row: Row, failure: Failure) -> None:
        cells = [row.cells[place] if place < len(row.cells) else "" for place in self._places]
        self._writer.writerow([*cells, *map(_harmless, _notes(failure))])


class _JsonWriter:
    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, row: Row, failure: Failure) -> None:
        code, text, _ = _notes(failure)
        noted = {**row.item, **dict(zip(NOTES, (code, text, failure.retryable), strict=True))}
        self._file.write(json.dumps(noted, ensure_ascii=False) + "\n")


def _notes(failure: Failure) -> Sequence[str]:
    return failure.code, failure.detail, str(failure.retryable).lower()


def _harmless(text: str) -> str:
    """Words of the core must not become a formula of a spreadsheet."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text


def _is_ours(path: Path, left: Mapping[str, str]) -> bool:
    return str(path) in left and path.is_file() and left[str(path)] == _digest(path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _free(path: Path) -> Path:
    number = 2
    while (free := path.with_name(f"{path.stem}-{number}{path.suffix}")).exists():
        number += 1
    return free


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


class Applied:
    """``FILE.applied.ndjson``: each applied item as it is now, exactly once over all runs. Raises Unwritable."""

    def __init__(self, path: Path, length: int) -> None:
        """``length`` is what the journal knows of; more was written by a run that was cut short, and comes again."""
        self.path = path
        try:
            self._file = path.open("r+b" if path.exists() else "x+b")
            self._file.truncate(length)
            self._file.seek(length)
        except OSError as exc:
            raise Unwritable(f"{path}: {exc.strerror}") from exc

    def keep(self, updated: Sequence[Mapping[str, object]]) -> int:
        try:
            for item in updated:
                self._file.write(json.dumps(item, ensure_ascii=False).encode() + b"\n")
            self._file.flush()
        except OSError as exc:
            raise Unwritable(f"{self.path}: {exc.strerror}") from exc
        return self._file.tell()

    def close(self) -> None:
        self._file.close()


class NothingKept:
    """Where no such file is asked for."""

    def keep(self, updated: Sequence[Mapping[str, object]]) -> None:
        """Leave it."""

    def close(self) -> None:
        """Nothing is open."""
