"""A file or standard input → rows that can be read again from any place."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import sys
import tempfile
import zlib
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.errors import Refused, Unwritable, Usage
from cli.rows.csv_rows import CsvOptions, CsvRows
from cli.rows.json_array import items_in
from cli.rows.json_rows import JsonRows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from io import BufferedReader
    from typing import IO, BinaryIO

    from cli.rows.row import Rows

STDIN = "-"
FORMS = ("csv", "ndjson", "json")
_BY_ENDING = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson", ".json": "json"}
_GZIP = b"\x1f\x8b"
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How an input is read. ``form`` is one of FORMS, or empty: by the name, else by the first byte."""

    form: str = ""
    csv: CsvOptions = field(default_factory=CsvOptions)
    languages: tuple[str, ...] = ("en", "fr")

    def saved(self, form: str) -> dict[str, Any]:
        """As a journal keeps it; JSON has no tuples."""
        csv = {**asdict(self.csv), "ignore": list(self.csv.ignore)} if form == "csv" else {}
        return {"form": form, "csv": csv, "languages": list(self.languages)}

    @classmethod
    def restored(cls, saved: Mapping[str, Any]) -> Reading:
        csv = {**saved["csv"], "ignore": tuple(saved["csv"]["ignore"])} if saved["csv"] else {}
        return cls(form=saved["form"], csv=CsvOptions(**csv), languages=tuple(saved["languages"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """``name`` is what the user gave. ``path`` has the bytes, which are ``size`` with this ``sha256``.

    ``form`` is what the file had; a JSON array is spooled as lines. ``spooled``: the file is ours.
    """

    name: str
    path: Path
    form: str
    size: int
    sha256: str
    stamp: tuple[int, int]
    spooled: bool

    def open(self, reading: Reading) -> Rows:
        """Raises Refused for a header that is not the contract's."""
        if self.form == "csv":
            return CsvRows(self.path, reading.csv, reading.languages)
        return JsonRows(self.path, "item" if self.form == "json" else "line")

    def check_unchanged(self) -> None:
        """Raises Refused where the file was written to since it was opened."""
        try:
            now = _stamp(self.path)
        except OSError as exc:
            raise Refused(f"{self.name}: {exc.strerror}; nothing more was sent") from exc
        if now != self.stamp:
            raise Refused(f"{self.name} was changed while it was sent; nothing more was sent. --restart begins anew")


def open_input(name: str, form: str, spool: Path) -> Input:
    """``name`` is a path, or ``-`` for standard input. Raises Usage, Refused or Unwritable."""
    if name == STDIN:
        return _spooled(name, form, sys.stdin.buffer, spool)
    path = Path(name)
    try:
        with path.open("rb") as file:
            # Looked at and not taken: a pipe cannot be read again.
            stamp, head = _stamp(path), file.peek(64)[:64]
            form = form or _form(path.name, head)
            if not path.is_file() or head.startswith(_GZIP) or form == "json":
                return _spooled(name, form, file, spool)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        raise Usage(f"{name}: {exc.strerror}") from exc
    return Input(name=name, path=path, form=form, size=stamp[0], sha256=digest, stamp=stamp, spooled=False)


def spooled_input(name: str, form: str, path: Path) -> Input:
    """What an earlier run spooled. Raises Usage where it is gone."""
    try:
        with path.open("rb") as file:
            stamp, digest = _stamp(path), hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        raise Usage(f"{path}: {exc.strerror}") from exc
    return Input(name=name, path=path, form=form, size=stamp[0], sha256=digest, stamp=stamp, spooled=True)


def spool_lines(lines: Callable[[IO[bytes]], None], spool: Path, form: str) -> Path:
    """What ``lines`` writes, in a file named after its content. Raises Unwritable."""
    try:
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=spool, prefix="new-", delete=False) as file:
            try:
                lines(file)
                file.flush()
                os.fsync(file.fileno())
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        return Path(file.name).replace(spool / f"{digest}.{form}")
    except gzip.BadGzipFile:
        # It is an OSError, of what is read.
        raise
    except OSError as exc:
        raise Unwritable(f"{spool}: {exc.strerror}") from exc


def _spooled(name: str, form: str, source: BinaryIO, spool: Path) -> Input:
    raw = spool_lines(lambda file: shutil.copyfileobj(source, file, _PIECE), spool, "raw")
    try:
        with raw.open("rb") as kept, _inflated(kept) as plain:
            form = form or _form("" if name == STDIN else name, plain.peek(64)[:64])
            path = spool_lines(partial(_copy, plain, form=form), spool, form)
    except (gzip.BadGzipFile, EOFError, zlib.error) as exc:
        raise Refused(f"{name} is not valid gzip: {exc}") from exc
    finally:
        raw.unlink(missing_ok=True)
    return spooled_input(name, form, path)


def _inflated(file: BufferedReader) -> BufferedReader | gzip.GzipFile:
    return gzip.GzipFile(fileobj=file) if file.peek(2).startswith(_GZIP) else file


def _copy(source: BufferedReader | gzip.GzipFile, file: IO[bytes], *, form: str) -> None:
    if form == "json":
        file.writelines(text.encode("utf-8", "surrogatepass") + b"\n" for text in items_in(source))
    else:
        shutil.copyfileobj(source, file, _PIECE)


def _form(name: str, head: bytes) -> str:
    endings = Path(name.removesuffix(".gz")).suffixes
    if endings and (found := _BY_ENDING.get(endings[-1].lower())):
        return found
    first = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    # An object may be the first line of NDJSON as well as a whole document.
    return {b"[": "json", b"{": "ndjson"}.get(first, "csv")


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns
