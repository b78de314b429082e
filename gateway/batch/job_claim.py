from __future__ import annotations

from typing import TYPE_CHECKING, Self

import orjson

from gateway.admission.idempotency.journal import Entry, Subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.admission.idempotency.claim import Claim

A_JOB = Subject("jobs", [""])
"""What a record is about that has a job's id for its one item."""


class JobClaim:
    """A request's hold on the key that makes a job, until the end of its ``with`` block (contract 1.5).

    Its record has one item, which is the job. ``job_id`` is empty where no earlier request told it.
    """

    def __init__(self, claim: Claim) -> None:
        self.job_id = job_id_in(claim.stored)
        self._claim = claim
        self._is_refused = False

    @property
    def is_kept(self) -> bool:
        return self._claim.is_kept

    def keep(self, job_id: str) -> None:
        """For all repeats."""
        # A repeat may not write where the core knows no keys; the store of jobs knows this one, too.
        if self._claim.kind != "replay":
            self._claim.record([Entry(0, "final", orjson.dumps(job_id))])

    def refuse(self) -> None:
        """No job was made, so the key is free for any request."""
        self._is_refused = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        # Where nobody knows whether a job was made, the key stays that of a job.
        if self._is_refused and self._claim.kind == "fresh":
            self._claim.abandon()
        else:
            self._claim.finish()


def job_id_in(entries: Mapping[int, Entry]) -> str:
    """Empty where none was told."""
    entry = entries.get(0)
    return str(orjson.loads(entry.payload)) if entry and entry.payload else ""
