from __future__ import annotations

from typing import TYPE_CHECKING

from ulid import ULID

from gateway.admission.idempotency.key import record_id
from gateway.jobs.chunk import cut, shown
from gateway.jobs.errors import HeldByOperator, StoreFull
from gateway.jobs.job import ENDED, LIVE, JobPage
from gateway.jobs.result_pages import read_page
from gateway.jobs.results import Cursor
from gateway.jobs.sqlite import job_rows, part_rows, upkeep_rows
from gateway.jobs.sqlite.result_rows import JobResults
from legacy_client.calls import ids_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.jobs.chunk import Part
    from gateway.jobs.job import Job, NewJob, Why
    from gateway.jobs.result_lines import Kind
    from gateway.jobs.results import ResultPage
    from gateway.jobs.sqlite.file import JobFile
    from gateway.jobs.sqlite.job_rows import Rows
    from legacy_client.calls import Update

_CALLS = (
    "SELECT line, items, body FROM chunk JOIN calls ON calls.chunk = chunk.number"
    " WHERE job = ? AND part = ? AND line <= ? ORDER BY line DESC LIMIT 1"
)


class SqliteJobStore:
    def __init__(self, file: JobFile) -> None:
        self._file = file

    def create(self, principal: str, new: NewJob) -> tuple[Job, bool]:
        key, now = new.key and record_id(principal, new.key), self._file.clock()
        with self._file.rows() as rows:
            if found := job_rows.by_key(rows, key, new.fingerprint):
                return job_rows.shown(rows, found, now), False
            job_rows.demand_room(rows, principal, self._file.bounds)
            if upkeep_rows.used_bytes(rows) > self._file.bounds.bytes_for_jobs:
                raise StoreFull
            job_id = str(ULID.from_timestamp(now))
            job_rows.insert(rows, job_id, principal, new, key, now, self._file.bounds.keep_seconds)
            return self._shown(rows, job_id), True

    def has_part(self, principal: str, job_id: str, part: Part) -> bool:
        with self._file.read() as rows:
            job_rows.demand(job_rows.find(rows, principal, job_id), "uploading")
            return part_rows.is_taken(rows, job_id, part)

    def put_part(self, principal: str, job_id: str, part: Part, calls: Sequence[Update]) -> None:
        pieces = list(cut(calls))
        size = sum(len(piece.calls) for piece in pieces)
        with self._file.rows() as rows:
            row = job_rows.find(rows, principal, job_id)
            job_rows.demand(row, "uploading")
            if part_rows.is_taken(rows, job_id, part):
                return
            part_rows.demand_room(row, len(calls), size, upkeep_rows.used_bytes(rows), self._file.bounds)
            duplicates = part_rows.take_ids(rows, job_id, part.number, ids_of(calls))
            if duplicates is None:
                part_rows.insert(rows, job_id, part, pieces, self._file.clock())
            else:
                part_rows.refuse(rows, job_id, part.number, self._file.clock())
        if duplicates:
            raise duplicates

    def refuse_part(self, principal: str, job_id: str, number: int) -> None:
        with self._file.rows() as rows:
            job_rows.demand(job_rows.find(rows, principal, job_id), "uploading")
            part_rows.refuse(rows, job_id, number, self._file.clock())

    def start(self, principal: str, job_id: str, parts: int, *, dry_run: bool = False) -> Job:
        with self._file.rows() as rows:
            row = job_rows.find(rows, principal, job_id)
            if row["parts"] != parts:
                job_rows.demand(row, "uploading")
            if row["state"] == "uploading":
                part_rows.demand_all(rows, job_id, parts)
                if not dry_run:
                    part_rows.queue(rows, job_id, parts, self._file.clock())
            return self._shown(rows, job_id)

    def get(self, principal: str | None, job_id: str) -> Job:
        with self._file.read() as rows:
            return job_rows.shown(rows, job_rows.find(rows, principal, job_id), self._file.clock())

    def jobs(self, principal: str | None, *, most: int, before: str = "") -> JobPage:
        now = self._file.clock()
        with self._file.read() as rows:
            found = job_rows.page(rows, principal, most, before)
            shown = [job_rows.shown(rows, row, now) for row in found[:most]]
        return JobPage(shown, shown[-1].id if len(found) > most else "")

    def results(
        self, principal: str | None, job_id: str, *, outcome: Kind | None = None, since: str = "", most: int = 500
    ) -> ResultPage:
        cursor = Cursor.parse(since)
        with self._file.read() as rows:
            has_ended = job_rows.find(rows, principal, job_id)["state"] not in LIVE
            return read_page(JobResults(rows, job_id), outcome, cursor, most, has_ended=has_ended)

    def calls(self, job_id: str, part: int, line: int) -> tuple[int, Sequence[Update]]:
        with self._file.read() as rows:
            first, items, packed = rows.execute(_CALLS, (job_id, part, line - 1)).fetchone()
        return first + 1, shown(packed, items)

    def pause(self, principal: str | None, job_id: str, why: Why = "asked") -> Job:
        with self._file.rows() as rows:
            row = job_rows.find(rows, principal, job_id)
            job_rows.demand(row, "queued", "running", "paused")
            if row["state"] != "paused" or (why == "operator" and row["why"] != why):
                job_rows.change(rows, job_id, state="paused", why=why)
            return self._shown(rows, job_id)

    def resume(self, principal: str | None, job_id: str) -> Job:
        with self._file.rows() as rows:
            row = job_rows.find(rows, principal, job_id)
            job_rows.demand(row, "queued", "running", "paused")
            if row["state"] == "paused":
                if row["why"] == "operator" and principal is not None:
                    raise HeldByOperator
                job_rows.resume(rows, row, self._file.clock())
            return self._shown(rows, job_id)

    def cancel(self, principal: str | None, job_id: str, why: Why = "asked") -> Job:
        now = self._file.clock()
        with self._file.rows() as rows:
            row = job_rows.find(rows, principal, job_id)
            if row["state"] in LIVE and row["state"] != "cancelling":
                job_rows.stop(rows, row, why, now, self._file.bounds.keep_seconds)
            return self._shown(rows, job_id)

    def remove(self, principal: str | None, job_id: str) -> None:
        with self._file.rows() as rows:
            job_rows.demand(job_rows.find(rows, principal, job_id), *ENDED)
            job_rows.hide(rows, job_id)

    def link_retry(self, job_id: str, retried_as: str) -> None:
        with self._file.rows() as rows:
            job_rows.find(rows, None, job_id)
            job_rows.change(rows, job_id, retried_as=retried_as)

    def _shown(self, rows: Rows, job_id: str) -> Job:
        return job_rows.shown(rows, job_rows.find(rows, None, job_id), self._file.clock())
