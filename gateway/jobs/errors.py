"""Why a job cannot be had, changed or filled.

JobError
├── JobNotFound · WrongState · HeldByOperator
├── KeyReused · PartDiffers
├── DuplicateItems · PartsMissing · NothingToRetry
├── TooManyJobs · TooManyItems · TooManyParts
└── StoreFull

A store that cannot be reached raises StoreUnavailable, and a lost lease LeaseLost, of ``admission.idempotency.errors``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.jobs.job import State


class JobError(Exception):
    """Nothing was changed."""


class JobNotFound(JobError):
    """There is none of this id, or it is another principal's."""


class WrongState(JobError):
    """``allowed``: the states in which this can be done."""

    def __init__(self, state: State, allowed: Sequence[State]) -> None:
        super().__init__(f"{state}, allowed in {', '.join(allowed)}")
        self.state = state
        self.allowed = allowed


class HeldByOperator(JobError):
    """An operator paused it, so its partner cannot resume it."""


class KeyReused(JobError):
    """The idempotency key made a job with another request."""


class PartDiffers(JobError):
    """This part came before, with other bytes."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An item whose id came before. ``line`` counts from 1 in its own part.

    ``first_index`` is None while a part before the first is missing.
    """

    line: int
    item_id: str
    first_part: int
    first_line: int
    first_index: int | None


class DuplicateItems(JobError):
    """``duplicates``: the first hundred; ``total``: all of the part."""

    def __init__(self, duplicates: Sequence[Duplicate], total: int) -> None:
        super().__init__(f"{total} items came before")
        self.duplicates = duplicates
        self.total = total


class PartsMissing(JobError):
    """Numbers of parts, at most a hundred each. ``surplus`` are beyond the last."""

    def __init__(self, missing: Sequence[int], refused: Sequence[int], surplus: Sequence[int]) -> None:
        super().__init__(f"missing {missing}, refused {refused}, surplus {surplus}")
        self.missing = missing
        self.refused = refused
        self.surplus = surplus


class NothingToRetry(JobError):
    """Each item was applied, or sending it again cannot help."""


class TooManyJobs(JobError):
    """``bound`` says which bound of ``most`` is reached."""

    def __init__(self, bound: Literal["live_jobs", "uploading_jobs"], most: int) -> None:
        super().__init__(f"{bound}: at most {most}")
        self.bound = bound
        self.most = most


class TooManyItems(JobError):
    """``received`` with this part."""

    def __init__(self, received: int, most: int) -> None:
        super().__init__(f"{received} items, at most {most}")
        self.received = received
        self.most = most


class TooManyParts(JobError):
    def __init__(self, most: int) -> None:
        super().__init__(f"at most {most}")
        self.most = most


class StoreFull(JobError):
    """``JOB_STORE_BYTES`` are used."""
