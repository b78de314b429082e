"""What a journal tells of its chunks, for who may read it while it is used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cli.chunk import Chunk
from cli.errors import Refused
from cli.job_state import Settled, settled_of
from cli.journal_lines import failures_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from cli.outcome import Failure


class Told:
    """What a journal tells of its chunks, in the order of the input. Only their places in the file are held."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._chunks: dict[int, int] = {}
        self._answers: dict[int, int] = {}
        self._refused: list[tuple[int, int]] = []
        self._firsts: dict[int, int] = {}
        self._settled: dict[int, list[int]] = {}
        self._key = ""
        for at, _, record in records(path):
            self._note(at, record)

    def _note(self, at: int, record: dict[str, Any]) -> None:
        if "cut" in record:
            number = record["cut"]["number"]
            self._chunks[number], self._firsts[number] = at, record["cut"]["first"]
        elif "answer" in record:
            self._answers[record["answer"]] = at
        elif "again" in record:
            self._refused.append((self._chunks.pop(record["again"]), at))
        elif "settled" in record:
            for number in record["settled"]:
                self._settled.setdefault(int(number), []).append(at)
        elif "job" in record:
            self._note_job(record["job"])

    def _note_job(self, job: dict[str, Any] | None) -> None:
        key = "" if job is None else job["key"]
        if key != self._key:
            # All of the input was cut anew.
            self._chunks.clear()
        self._key = key

    @property
    def is_job(self) -> bool:
        return bool(self._key)

    def chunks(self) -> Iterator[tuple[Chunk, list[Failure] | None]]:
        """Each chunk with the failures of its last answer; None: without an answer. Of a job: with those until now."""
        with self._path.open("rb") as file:
            for number in sorted(self._chunks, key=lambda number: self._firsts[number]):
                yield self._chunk(file, self._chunks[number]), self._failures(file, number)

    def settled(self) -> Iterator[tuple[Chunk, Settled]]:
        """Each chunk of a job with the items that have ended."""
        with self._path.open("rb") as file:
            for number in sorted(self._settled, key=lambda number: self._firsts[number]):
                yield self._chunk(file, self._chunks[number]), self._merged(file, number)

    def _failures(self, file: BinaryIO, number: int) -> list[Failure] | None:
        if self.is_job:
            return list(self._merged(file, number).failures)
        at = self._answers.get(number)
        return None if at is None else failures_of(_line_at(file, at)["failures"])

    def _merged(self, file: BinaryIO, number: int) -> Settled:
        """Over all pages; of an item that was retried, the last."""
        ended: dict[int, Failure | None] = {}
        for at in self._settled.get(number, ()):
            one = settled_of(_line_at(file, at)["settled"][str(number)])
            ended |= dict.fromkeys(one.applied)
            ended |= {failure.place: failure for failure in one.failures}
        applied = [place for place, failure in ended.items() if failure is None]
        return Settled(applied, [failure for failure in ended.values() if failure is not None])

    def refused(self) -> Iterator[tuple[Chunk, list[Failure]]]:
        """Each chunk that was cut anew, with the items that the gateway found invalid."""
        with self._path.open("rb") as file:
            for cut, again in self._refused:
                failures = failures_of(_line_at(file, again)["refused"])
                if failures:
                    yield self._chunk(file, cut), failures

    @staticmethod
    def _chunk(file: BinaryIO, at: int) -> Chunk:
        cut = _line_at(file, at)["cut"]
        return Chunk(**{**cut, "without": tuple(cut["without"])})


def records(path: Path) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Each whole line with its place and size. Raises Refused."""
    at = 0
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            try:
                record = dict(json.loads(line))
            except (ValueError, TypeError) as exc:
                raise Refused(f"{path} is damaged at byte {at}; --restart begins anew") from exc
            yield at, len(line), record
            at += len(line)


def _line_at(file: BinaryIO, at: int) -> dict[str, Any]:
    file.seek(at)
    record: dict[str, Any] = json.loads(file.readline())
    return record
