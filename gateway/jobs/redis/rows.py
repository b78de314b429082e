"""What Redis holds, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.jobs.chunk import Lease
from gateway.jobs.job import ErrorCount
from gateway.jobs.job_view import job_of
from gateway.jobs.redis.steps import by_name
from gateway.jobs.result_pages import ChunkRow, ResultRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gateway.jobs.job import Job
    from gateway.jobs.redis.steps import Steps
    from gateway.jobs.result_lines import Kind

_PAGE_ROWS = 32
_COUNTS: tuple[Kind, ...] = ("applied", "failed", "unknown")
_WHOLE = ("total", "applied", "failed", "unknown", "parts", "version")
_TIMES = ("created_at", "queued_at", "started_at", "progress_at", "ended_at", "expires_at")
_CHUNK = ("part", "line", "first_index", "items", "calls", "settled")


def job_from(look: Sequence[Any]) -> Job:
    """``look``: the job's hash, its errors, its position, and the time."""
    pairs, errors, position, now = look
    fields = by_name(pairs)
    row: dict[str, Any] = {name: value.decode() for name, value in fields.items()}
    row |= {name: int(fields.get(name, 0)) for name in _WHOLE}
    row |= {name: _number(fields.get(name)) for name in (*_TIMES, "max_failed_percent")}
    row["pause_after"] = int(row["pause_after"]) if row["pause_after"] else None
    row |= {name: row.get(name) or None for name in ("retry_of", "retried_as")}
    return job_of(
        row, errors=_errors(by_name(errors)), samples=_samples(row["samples"]), position=position, now=float(now)
    )


def lease_from(answer: Sequence[Any], owner: str) -> Lease:
    """``answer`` of the script that hands chunks out."""
    job_id, number, limit, of_job, of_chunk, events, published = answer
    principal, resource, keys_of, request_id, traceparent = (text.decode() for text in of_job)
    first_index, items, calls, settled, attempts, traceparent_of_part, part, line = of_chunk
    of_part = (traceparent_of_part or b"").decode()
    return Lease(
        job_id=job_id.decode(),
        chunk=int(number),
        owner=owner,
        principal=principal,
        resource=resource,
        keys_of=keys_of,
        request_id=request_id,
        traceparent=of_part or traceparent,
        first_index=int(first_index),
        part=int(part),
        line=int(line),
        items=int(limit),
        all_items=int(items),
        calls=calls,
        events=events,
        published=published,
        settled=int(settled, 16),
        attempts=int(attempts),
    )


class JobResults:
    """Read in pages of rows, none of which changes."""

    def __init__(self, steps: Steps, job_id: str) -> None:
        self._steps = steps
        self._job_id = job_id

    def settled(self, wanted: Kind | None, number: int) -> Iterator[ResultRow]:
        for numbers in self._pages(f"results:{self._job_id}", number):
            found = self._steps.read(*(("HMGET", f"result:{each}", "body", *_COUNTS) for each in numbers))
            for each, (body, *counted) in zip(numbers, found, strict=True):
                if body is None:
                    continue
                counts = dict(zip(_COUNTS, map(int, counted), strict=True))
                if wanted not in counts or counts[wanted]:
                    yield ResultRow(each, body, sum(counts.values()))

    def open_chunks(self, number: int) -> Iterator[ChunkRow]:
        for numbers in self._pages(f"unsettled:{self._job_id}", number):
            for each in numbers:
                if chunk := self._chunk(each):
                    yield chunk

    def _pages(self, key: str, first: int) -> Iterator[list[int]]:
        lowest = str(first)
        while True:
            [page] = self._steps.read(("ZRANGEBYSCORE", key, lowest, "+inf", "LIMIT", 0, _PAGE_ROWS))
            if page:
                yield [int(each) for each in page]
            if len(page) < _PAGE_ROWS:
                return
            lowest = f"({page[-1].decode()}"

    def _chunk(self, number: int) -> ChunkRow | None:
        [(part, line, first_index, items, calls, settled)] = self._steps.read(("HMGET", f"chunk:{number}", *_CHUNK))
        if part is None:
            return None
        return ChunkRow(number, int(part), int(line), int(first_index or 0), int(items), calls, int(settled, 16))


def _number(value: bytes | None) -> float | None:
    return float(value) if value else None


def _errors(fields: Mapping[str, bytes]) -> list[ErrorCount]:
    codes = [name[2:] for name in fields if name.startswith("n:")]
    return [
        ErrorCount(code, int(fields[f"n:{code}"]), int(fields[f"i:{code}"]), fields[f"s:{code}"].decode())
        for code in codes
    ]


def _samples(text: str) -> list[tuple[float, int]]:
    """Written ``time items;time items;``."""
    pairs = (each.split() for each in text.split(";") if each)
    return [(float(at), int(items)) for at, items in pairs]
