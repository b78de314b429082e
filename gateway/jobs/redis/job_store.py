from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ulid import ULID

from gateway.admission.idempotency.key import record_id
from gateway.jobs.chunk import cut, shown
from gateway.jobs.errors import (
    Duplicate,
    DuplicateItems,
    HeldByOperator,
    JobNotFound,
    KeyReused,
    PartDiffers,
    PartsMissing,
    StoreFull,
    TooManyItems,
    TooManyJobs,
    TooManyParts,
    WrongState,
)
from gateway.jobs.job import ENDED, LIVE, MOST_PARTS, JobPage
from gateway.jobs.redis import job_scripts as scripts
from gateway.jobs.redis.rows import JobResults, job_from
from gateway.jobs.result_pages import read_page
from gateway.jobs.results import Cursor
from legacy_client.calls import ids_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.jobs.chunk import Part
    from gateway.jobs.job import Job, NewJob, State, Why
    from gateway.jobs.redis.steps import Steps
    from gateway.jobs.result_lines import Kind
    from gateway.jobs.results import ResultPage
    from legacy_client.calls import Update

_MOST_NAMED = 100
# A place in ``chunks:ID`` is that of the part and the line.
_LINES_A_PART = 1_048_576
_STARTED: tuple[State, ...] = ("queued", "running", "paused")


class RedisJobStore:
    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def create(self, principal: str, new: NewJob) -> tuple[Job, bool]:
        bounds = self._steps.bounds
        key = record_id(principal, new.key) if new.key else ""
        answer, *rest = self._steps.run(
            scripts.CREATE,
            *(str(ULID.from_timestamp(self._steps.time())), principal, key, new.fingerprint),
            *(bounds.live_jobs, bounds.uploading_jobs, bounds.bytes_for_jobs, bounds.keep_seconds),
            new.retry_of or "",
            *_fields(new),
        )
        if answer == b"live_jobs":
            raise TooManyJobs("live_jobs", bounds.live_jobs)
        if answer == b"uploading_jobs":
            raise TooManyJobs("uploading_jobs", bounds.uploading_jobs)
        _raise_for(answer)
        return self.get(principal, rest[0].decode()), answer == b"made"

    def has_part(self, principal: str, job_id: str, part: Part) -> bool:
        return self._part(scripts.HAS_PART, principal, job_id, part)[0] == b"taken"

    def put_part(self, principal: str, job_id: str, part: Part, calls: Sequence[Update]) -> None:
        pieces, bounds = list(cut(calls)), self._steps.bounds
        flat: list[int | bytes] = []
        for piece in pieces:
            flat += [piece.line, piece.items, piece.calls]
        ids = ids_of(calls)
        answer, *rest = self._part(
            scripts.PUT_PART,
            *(
                principal,
                job_id,
                part,
                bounds.job_items,
                bounds.bytes_for_parts,
                len(calls),
                len(pieces),
                part.traceparent,
            ),
            *flat,
            *ids,
        )
        if answer == b"items":
            raise TooManyItems(rest[0], bounds.job_items)
        if answer == b"duplicates":
            raise DuplicateItems(self._duplicates(job_id, rest[1]), rest[0])

    def refuse_part(self, principal: str, job_id: str, number: int) -> None:
        _demand_number(number)
        answer, *rest = self._steps.run(scripts.REFUSE_PART, job_id, principal, number, "")
        _raise_for(answer, rest, ("uploading",))

    def start(self, principal: str, job_id: str, parts: int, *, dry_run: bool = False) -> Job:
        if parts > MOST_PARTS:
            raise PartsMissing([], [], [])
        answer, *rest = self._steps.run(scripts.START, job_id, principal, parts, int(dry_run))
        if answer == b"parts":
            raise PartsMissing(*(numbers[:_MOST_NAMED] for numbers in rest))
        _raise_for(answer, rest, ("uploading",))
        return self.get(principal, job_id)

    def get(self, principal: str | None, job_id: str) -> Job:
        return job_from(self._run(scripts.LOOK, principal, job_id))

    def jobs(self, principal: str | None, *, most: int, before: str = "") -> JobPage:
        key = "jobs" if principal is None else f"jobs:of:{principal}"
        upper = f"({before}" if before else "+"
        [ids] = self._steps.read(("ZREVRANGEBYLEX", key, upper, "-", "LIMIT", 0, most + 1))
        found = self._steps.run_each(scripts.LOOK, [(job_id, principal or "") for job_id in ids[:most]])
        # One may have been removed in between.
        shown = [job_from(rest) for answer, *rest in found if answer == b"job"]
        return JobPage(shown, ids[most - 1].decode() if len(ids) > most else "")

    def results(
        self, principal: str | None, job_id: str, *, outcome: Kind | None = None, since: str = "", most: int = 500
    ) -> ResultPage:
        cursor = Cursor.parse(since)
        # Looked at first: what has ended publishes nothing more.
        has_ended = self.get(principal, job_id).state not in LIVE
        return read_page(JobResults(self._steps, job_id), outcome, cursor, most, has_ended=has_ended)

    def calls(self, job_id: str, part: int, line: int) -> tuple[int, Sequence[Update]]:
        [[number]] = self._steps.read(
            ("ZREVRANGEBYSCORE", f"chunks:{job_id}", part * _LINES_A_PART + line - 1, "-inf", "LIMIT", 0, 1)
        )
        [(first, items, packed)] = self._steps.read(("HMGET", f"chunk:{int(number)}", "line", "items", "calls"))
        return int(first) + 1, shown(packed, int(items))

    def pause(self, principal: str | None, job_id: str, why: Why = "asked") -> Job:
        self._run(scripts.PAUSE, principal, job_id, why, allowed=_STARTED)
        return self.get(principal, job_id)

    def resume(self, principal: str | None, job_id: str) -> Job:
        self._run(scripts.RESUME, principal, job_id, allowed=_STARTED)
        return self.get(principal, job_id)

    def cancel(self, principal: str | None, job_id: str, why: Why = "asked") -> Job:
        self._run(scripts.CANCEL, principal, job_id, why, self._steps.bounds.keep_seconds)
        return self.get(principal, job_id)

    def remove(self, principal: str | None, job_id: str) -> None:
        self._run(scripts.REMOVE, principal, job_id, allowed=ENDED)

    def link_retry(self, job_id: str, retried_as: str) -> None:
        self._run(scripts.LINK, None, job_id, retried_as)

    def _run(
        self, script: str, principal: str | None, job_id: str, *more: str | float, allowed: Sequence[State] = ()
    ) -> list[Any]:
        answer, *rest = self._steps.run(script, job_id, principal or "", *more)
        _raise_for(answer, rest, allowed)
        return rest

    def _part(
        self, script: str, principal: str, job_id: str, part: Part, *more: str | bytes | float
    ) -> tuple[bytes, Any]:
        _demand_number(part.number)
        answer, *rest = self._steps.run(script, job_id, principal, part.number, part.digest, *more)
        _raise_for(answer, rest, ("uploading",))
        return answer, *rest

    def _duplicates(self, job_id: str, found: Sequence[Sequence[Any]]) -> list[Duplicate]:
        [counts] = self._steps.read(("HGETALL", f"items:{job_id}"))
        items = {int(number): int(count) for number, count in counts.items()}
        duplicates = []
        for line, item_id, place in found:
            part, first_line = map(int, place.split(b":"))
            before = [items.get(number) for number in range(1, part)]
            index = None if None in before else sum(filter(None, before)) + first_line - 1
            duplicates.append(Duplicate(line, item_id.decode(), part, first_line, index))
        return duplicates


def _fields(new: NewJob) -> list[str | float]:
    """Names and values, one after the other; empty for None."""
    columns = {
        "resource": new.resource,
        "label": new.label,
        "max_failed_percent": "" if new.max_failed_percent is None else new.max_failed_percent,
        "pause_after": new.pause_after or "",
        "request_id": new.request_id,
        "traceparent": new.traceparent,
        "samples": "",
    }
    return [part for pair in columns.items() for part in pair]


def _demand_number(number: int) -> None:
    if not 1 <= number <= MOST_PARTS:
        raise TooManyParts(MOST_PARTS)


def _raise_for(answer: bytes, rest: Sequence[Any] = (), allowed: Sequence[State] = ()) -> None:
    """What a script refused."""
    if answer == b"state":
        raise WrongState(rest[0].decode(), allowed)
    refusals = {
        b"missing": JobNotFound,
        b"operator": HeldByOperator,
        b"reused": KeyReused,
        b"differs": PartDiffers,
        b"full": StoreFull,
    }
    if answer in refusals:
        raise refusals[answer]
