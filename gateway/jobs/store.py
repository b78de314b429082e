"""The port of the stores of jobs, in two halves: the partner's and the worker's.

Every method is one step: all of it or nothing. All may raise StoreUnavailable.
A ``principal`` of None is the operator, who sees every job.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.admission.idempotency.errors import StoreUnavailable
    from gateway.jobs.chunk import Ending, Gauges, Lease, Part, Settled
    from gateway.jobs.job import Job, JobPage, NewJob, State, Why
    from gateway.jobs.result_lines import Kind
    from gateway.jobs.results import ResultPage
    from legacy_client.calls import Update


class JobStore(Protocol):
    """What partners ask for (contract 1.6)."""

    def create(self, principal: str, new: NewJob) -> tuple[Job, bool]:
        """A job that takes parts, and whether it is new.

        The same key gives the same job again for as long as the job is kept.
        Raises KeyReused, TooManyJobs or StoreFull; JobNotFound for a ``retry_of`` that is none.
        """
        ...

    def has_part(self, principal: str, job_id: str, part: Part) -> bool:
        """Whether this part was taken with these bytes: then it need not be read again.

        Raises JobNotFound, WrongState, PartDiffers or TooManyParts.
        """
        ...

    def put_part(self, principal: str, job_id: str, part: Part, calls: Sequence[Update]) -> None:
        """Take a part that was checked. The same bytes again change nothing.

        It is cut into chunks of 1,000 items or 2 MiB. Takes the place of a refused part.
        Raises JobNotFound, WrongState, PartDiffers, TooManyParts, TooManyItems, DuplicateItems or StoreFull.
        After DuplicateItems the part counts as refused.
        """
        ...

    def refuse_part(self, principal: str, job_id: str, number: int) -> None:
        """The part came and is invalid, so the job cannot start before it comes again.

        A part that was taken stays. Raises JobNotFound, WrongState or TooManyParts.
        """
        ...

    def start(self, principal: str, job_id: str, parts: int, *, dry_run: bool = False) -> Job:
        """Take no more parts, and run. With the same ``parts`` again it changes nothing.

        Raises JobNotFound, WrongState or PartsMissing. A dry run only raises them.
        """
        ...

    def get(self, principal: str | None, job_id: str) -> Job:
        """Raises JobNotFound."""
        ...

    def jobs(self, principal: str | None, *, most: int, before: str = "") -> JobPage:
        """Newest first. ``before`` is that of the last page."""
        ...

    def results(
        self, principal: str | None, job_id: str, *, outcome: Kind | None = None, since: str = "", most: int = 500
    ) -> ResultPage:
        """Lines after ``since``, while it runs too. A line that was read once never changes.

        Items that were not processed follow when the job has ended. A page may be shorter than ``most`` though more
        follows. Raises JobNotFound, and ValueError for a cursor that is none.
        """
        ...

    def calls(self, job_id: str, part: int, line: int) -> tuple[int, Sequence[Update]]:
        """Those of the chunk that has this line of a part, and the first line of it. Lines count from 1."""
        ...

    def pause(self, principal: str | None, job_id: str, why: Why = "asked") -> Job:
        """What is in flight ends. A paused job stays so; an operator's pause takes the place of another.

        Raises JobNotFound or WrongState.
        """
        ...

    def resume(self, principal: str | None, job_id: str) -> Job:
        """A job that runs stays so. Raises JobNotFound or WrongState.

        HeldByOperator: an operator paused it, and who asks is none.
        """
        ...

    def cancel(self, principal: str | None, job_id: str, why: Why = "asked") -> Job:
        """Send nothing more. An ended job stays as it is. Raises JobNotFound."""
        ...

    def remove(self, principal: str | None, job_id: str) -> None:
        """An ended job, with its data. Raises JobNotFound, or WrongState for a live one."""
        ...

    def link_retry(self, job_id: str, retried_as: str) -> None:
        """``retried_as`` has what ``job_id`` left. Raises JobNotFound."""
        ...


class WorkerStore(Protocol):
    """What workers ask for. A lease that is another's raises LeaseLost."""

    def next_chunk(self, worker: str) -> Lease | None:
        """The chunk that is due, leased to ``worker``; None where none is.

        The principal with the least recent turn comes first, and its job with the least recent turn.
        Of that, a chunk with an expired lease comes first, else the first that is open.
        None in a store that has no room for its results.
        """
        ...

    def renew(self, lease: Lease) -> None: ...

    def write(
        self, lease: Lease, events: Sequence[bytes], settled: Settled | None = None, ending: Ending | None = None
    ) -> None:
        """Add to the chunk's journal, publish what is settled, renew the lease or end it.

        The journal only points to what is published.
        A repeat of the last write changes nothing. Counts, results and states change with it.
        """
        ...

    def undo(self, lease: Lease, ending: Ending) -> None:
        """End a run that sent nothing: its events are taken back."""
        ...

    def state(self, job_id: str) -> State | None:
        """None: there is no such job."""
        ...

    def beat(self, worker: str) -> None:
        """``worker`` is alive."""
        ...

    def rest(self, worker: str) -> None:
        """``worker`` ends."""
        ...

    def workers(self, seconds: float) -> int:
        """How many workers had a beat in the last ``seconds``."""
        ...

    def ring(self, permits: int) -> None:
        """``permits`` more to run a chunk."""
        ...

    def take_permit(self) -> bool: ...

    def permits(self) -> int: ...

    def elect(self, seconds: float) -> bool:
        """Whether who asks is the sweeper: one of all who ask in ``seconds``."""
        ...

    def sweep(self) -> bool:
        """End what is idle, cancelled or expired, and remove a portion of what is not needed.

        Whether there is more to remove.
        """
        ...

    def gauges(self) -> Gauges: ...

    def ping(self) -> StoreUnavailable | None: ...
