"""The journal of a run: append-only, locked, and on disk before what it tells can happen.

A chunk is written and synced before it is sent; its answer is written after. So whatever ends the process, what may have
left is known, with the key that it left under.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Self

from cli.chunk import Span
from cli.errors import InUse, Refused, Unwritable
from cli.journal_lines import (
    Header,
    State,
    again_line,
    answer_line,
    cut_line,
    encode,
    end_line,
    header_line,
    header_of,
    job_line,
    left_line,
    missing_line,
    over_line,
    part_line,
    retry_line,
    settled_line,
    started_line,
)
from cli.lock import try_lock
from cli.told import records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from cli.chunk import Answered, Chunk
    from cli.job_state import JobState, Settled
    from cli.outcome import Failure


class Journal:
    """An open, locked journal. ``state`` is what its lines amount to."""

    def __init__(self, file: BinaryIO, path: Path, header: Header, state: State) -> None:
        self._file = file
        self.path = path
        self.header = header
        self.state = state

    @classmethod
    def begin(cls, path: Path, header: Header, rest: Span) -> Journal:
        """A new one; ``rest`` is the whole input. Raises InUse or Unwritable."""
        file = _locked(path)
        # What stands there was cut short before its first line was whole.
        file.truncate(0)
        journal = cls(file, path, header, State([rest]))
        journal._append(header_line(header), synced=True)
        _sync_folder(path.parent)
        return journal

    @classmethod
    def resume(cls, path: Path, rest: Span) -> Journal:
        """One that was begun. Raises InUse, Unwritable, or Refused where it cannot be read."""
        file = _locked(path)
        try:
            header, state, whole = _read(path, rest)
            # A line that was cut short was never acted on.
            file.truncate(whole)
        except OSError as exc:
            file.close()
            raise Unwritable(f"{path}: {exc.strerror}") from exc
        except BaseException:
            file.close()
            raise
        return cls(file, path, header, state)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def cut(self, chunk: Chunk) -> None:
        """Fix a chunk. After this returns it may be sent. Raises Unwritable."""
        self._append(cut_line(chunk), synced=True)
        self.state.cut(chunk)

    def answer(self, chunk: Chunk, answered: Answered, applied_bytes: int | None = None) -> None:
        """Raises Unwritable."""
        self._append(answer_line(chunk.number, answered, applied_bytes))
        self.state.answer(chunk.number, answered)
        if applied_bytes is not None:
            self.state.applied_bytes = applied_bytes

    def again(self, chunk: Chunk, refused: Sequence[Failure] = ()) -> None:
        """The chunk surely applied nothing, and is to be cut anew. Raises Unwritable."""
        self._append(again_line(chunk.number, refused), synced=True)
        self.state.again(chunk.number, refused)

    def job(self, job: JobState | None) -> None:
        """The chunks are parts of this job from now on; None: batches. Raises Unwritable."""
        self._append(job_line(job), synced=True)
        self.state.take_job(job)

    def part(self, chunk: Chunk) -> None:
        """The gateway has it. Raises Unwritable."""
        self._append_of_job(part_line(chunk.number))

    def missing(self, numbers: Sequence[int]) -> None:
        """The gateway does not have these chunks. Raises Unwritable."""
        self._append_of_job(missing_line(numbers))

    def started(self) -> None:
        """Raises Unwritable."""
        self._append_of_job(started_line())

    def over(self) -> None:
        """The job has told all. Raises Unwritable."""
        self._append_of_job(over_line())

    def retry(self, job: str) -> None:
        """What was retryable is with this job now. Raises Unwritable."""
        self._append_of_job(retry_line(job), synced=True)

    def settle(self, settled: Mapping[int, Settled], cursor: str, applied_bytes: int | None = None) -> None:
        """What a page of results told. Raises Unwritable."""
        self._append(settled_line(settled, cursor, applied_bytes))
        self.state.settle(settled, cursor)
        if applied_bytes is not None:
            self.state.applied_bytes = applied_bytes

    def end(self, at: float) -> None:
        """Nothing is left to send or to ask. Raises Unwritable."""
        self._append(end_line(at), synced=True)
        self.state.end(at)

    def leave(self, left: Mapping[str, str]) -> None:
        """The files that were written for the user. Raises Unwritable."""
        self._append(left_line(left))
        self.state.leave(left)

    def remove(self) -> None:
        """Forget the run."""
        self.path.unlink(missing_ok=True)

    def _append_of_job(self, record: dict[str, object], *, synced: bool = False) -> None:
        self._append(record, synced=synced)
        self.state.take(record)

    def _append(self, record: dict[str, object], *, synced: bool = False) -> None:
        at = self._file.seek(0, os.SEEK_END)
        try:
            line = encode(record)
            while line:
                line = line[self._file.write(line) :]
            if synced:
                os.fsync(self._file.fileno())
        except OSError as exc:
            with contextlib.suppress(OSError):
                self._file.truncate(at)
            raise Unwritable(f"{self.path}: {exc.strerror}; make room, then run the same command again") from exc


def read_header(path: Path) -> tuple[Header, State] | None:
    """Of a journal that may be in use; None where it is none."""
    try:
        header, state, _ = _read(path, Span(0, None, 0, 0))
    except (OSError, Refused):
        return None
    return header, state


def read_own(path: Path) -> tuple[Header, State] | None:
    """Of the run that is asked for; None where none was begun.

    Raises Refused where it cannot be read: what it sent would be sent again.
    """
    try:
        with path.open("rb") as file:
            if not file.readline().endswith(b"\n"):
                return None
        header, state, _ = _read(path, Span(0, None, 0, 0))
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise Unwritable(f"{path}: {exc.strerror}") from exc
    return header, state


def _locked(path: Path) -> BinaryIO:
    try:
        file = path.open("r+b" if path.exists() else "x+b", buffering=0)
    except FileExistsError:
        return _locked(path)
    except OSError as exc:
        raise Unwritable(f"{path}: {exc.strerror}") from exc
    if not try_lock(file):
        file.close()
        raise InUse("another actions command works on this file now; wait for it, or stop it")
    return file


def _read(path: Path, rest: Span) -> tuple[Header, State, int]:
    """Header, state, and how many bytes of whole lines there are. Raises Refused."""
    state, header, whole = State([rest]), None, 0
    for at, size, record in records(path):
        try:
            if header is None:
                header = header_of(record)
                if header is None:
                    break
            else:
                state.take(record)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as exc:
            raise Refused(f"{path} is damaged at byte {at}; --restart begins anew") from exc
        whole = at + size
    if header is None:
        raise Refused(f"{path} is no journal of this version; --restart begins anew")
    return header, state, whole


def _sync_folder(folder: Path) -> None:
    """So that the file's name survives a crash of the machine."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
