from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gateway.admission.idempotency.errors import StoreUnavailable
from gateway.jobs import errors
from gateway.jobs.availability import FORWARDS, NO_WORKER
from gateway.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gateway.resources.resource import Resource

_RETRY_SECONDS = 5
# A store that is full stays so until jobs expire or are removed.
_FULL_SECONDS = 60
_AWAY = "The store of jobs cannot be reached now."
_BUSY = "The store of jobs is busy now."
_LACKS = {
    FORWARDS: ("No job can be taken here: the core is called with your own token, which a job would outlive.", 60),
    NO_WORKER: ("No job can be taken now: nothing is there to run it.", 60),
}


@contextmanager
def told(resource: Resource) -> Iterator[None]:
    """Around a call of the store: why it refused is a Problem. ``resource`` is that of the job."""
    try:
        yield
    except errors.JobError as exc:
        raise _problem(exc, resource) from exc
    except StoreUnavailable as exc:
        raise _unavailable(_BUSY if exc.is_busy else _AWAY) from exc


def no_jobs(reason: str) -> Problem:
    """``reason`` is that of the availability."""
    return _unavailable(*_LACKS.get(reason, (_AWAY, _RETRY_SECONDS)))


def _unavailable(detail: str, seconds: int = _RETRY_SECONDS) -> Problem:
    return Problem("jobs-unavailable", detail, headers={"Retry-After": str(seconds)})


def _problem(refusal: errors.JobError, resource: Resource) -> Problem:
    for kind, problem in _PROBLEMS.items():
        if isinstance(refusal, kind):
            return problem(refusal, resource)
    raise refusal


def _not_found(_refusal: errors.JobNotFound, _resource: Resource) -> Problem:
    return Problem("job-not-found")


def _wrong_state(refusal: errors.WrongState, _resource: Resource) -> Problem:
    detail = f"The job is {refusal.state}; this can be done while it is {_or(refusal.allowed)}. Nothing was changed."
    return Problem("job-state", detail, state=refusal.state, allowed=list(refusal.allowed))


def _held_by_operator(_refusal: errors.HeldByOperator, _resource: Resource) -> Problem:
    detail = "An operator of the service paused the job, and only an operator can resume it. Nothing was changed."
    return Problem("job-state", detail, state="paused", allowed=["queued", "running"])


def _key_reused(_refusal: errors.KeyReused, _resource: Resource) -> Problem:
    return Problem("idempotency-key-reused")


def _part_differs(_refusal: errors.PartDiffers, _resource: Resource) -> Problem:
    return Problem("job-part-differs")


def _duplicates(refusal: errors.DuplicateItems, resource: Resource) -> Problem:
    """Each names the place of its first."""
    total: dict[str, Any] = {"errors_total": refusal.total} if refusal.total > len(refusal.duplicates) else {}
    listed = [
        {
            "index": each.line - 1,
            "line": each.line,
            resource.id_name: each.item_id,
            "field": resource.id_name,
            "code": resource.schema.duplicate_code,
            "detail": f"Must differ from the {resource.id_name} of line {each.first_line} of part {each.first_part}.",
            "first_index": each.first_index,
        }
        for each in refusal.duplicates
    ]
    count, noun = refusal.total, resource.name if refusal.total == 1 else resource.plural
    detail = f"{count} {noun} of this part came before; nothing of the part was kept."
    return Problem("validation-failed", detail, **total, errors=listed)


def _parts_missing(refusal: errors.PartsMissing, _resource: Resource) -> Problem:
    words: dict[str, Any] = {
        "missing": [*refusal.missing],
        "refused": [*refusal.refused],
        "surplus": [*refusal.surplus],
    }
    named = [f"{_PARTS[name]}: {', '.join(map(str, numbers))}" for name, numbers in words.items() if numbers]
    return Problem("job-parts-missing", f"The job cannot start: parts {', parts '.join(named)}.", **words)


def _nothing_to_retry(_refusal: errors.NothingToRetry, _resource: Resource) -> Problem:
    return Problem("job-nothing-to-retry")


def _too_many_jobs(refusal: errors.TooManyJobs, _resource: Resource) -> Problem:
    detail = _TOO_MANY[refusal.bound].format(most=refusal.most)
    return Problem("too-many-jobs", detail, headers={"Retry-After": "60"}, bound=refusal.bound, most=refusal.most)


def _too_many_items(refusal: errors.TooManyItems, resource: Resource) -> Problem:
    detail = f"A job holds at most {refusal.most:,} {resource.plural}; with this part it has {refusal.received:,}."
    return Problem("job-too-large", detail, max_job_items=refusal.most, received_items=refusal.received)


def _too_many_parts(refusal: errors.TooManyParts, _resource: Resource) -> Problem:
    return Problem(
        "job-too-large", f"The parts of a job are numbered from 1 to {refusal.most:,}.", max_parts=refusal.most
    )


def _store_full(_refusal: errors.StoreFull, _resource: Resource) -> Problem:
    return _unavailable("The store of jobs is full. Remove ended jobs, or wait until some expire.", _FULL_SECONDS)


def _or(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


_PARTS = {"missing": "missing", "refused": "refused", "surplus": "beyond the last that was named"}
_TOO_MANY = {
    "live_jobs": "You have {most} jobs that have not ended, which is the most. Wait for one, or cancel it.",
    "uploading_jobs": "{most} jobs of all callers wait for parts, which is the most. Try again in a minute.",
}
_PROBLEMS: dict[type[errors.JobError], Callable[..., Problem]] = {
    errors.JobNotFound: _not_found,
    errors.WrongState: _wrong_state,
    errors.HeldByOperator: _held_by_operator,
    errors.KeyReused: _key_reused,
    errors.PartDiffers: _part_differs,
    errors.DuplicateItems: _duplicates,
    errors.PartsMissing: _parts_missing,
    errors.NothingToRetry: _nothing_to_retry,
    errors.TooManyJobs: _too_many_jobs,
    errors.TooManyItems: _too_many_items,
    errors.TooManyParts: _too_many_parts,
    errors.StoreFull: _store_full,
}
