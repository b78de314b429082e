"""What one request may hold (``contract.md`` 1.7)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

JOB_ITEMS = 2_000
"""Above so many, an input goes as a job."""

_MOST_ITEMS = 1_000
_MOST_BYTES = 4_194_304
_KEPT_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The defaults are what a gateway that tells no limits takes.

    ``rate_limit`` items in ``rate_seconds``; 0: none. ``kept_seconds``: how long a key is known.
    ``job_items``: the most items of a job; 0: there are no jobs; None: it is not told.
    """

    max_items: int = 500
    max_bytes: int = 1_048_576
    rate_limit: int = 0
    rate_seconds: int = 0
    kept_seconds: float = _KEPT_SECONDS
    languages: tuple[str, ...] = ("en", "fr")
    job_items: int | None = None

    @classmethod
    def told(cls, document: Mapping[str, Any]) -> Limits:
        """As the gateway's own document says; what is missing or odd in it is the default."""
        usual = cls()
        rate = document.get("rate")
        rate = rate if isinstance(rate, dict) else {}
        languages = document.get("languages")
        return cls(
            max_items=_number(document.get("max_items"), usual.max_items),
            max_bytes=_number(document.get("max_bytes"), usual.max_bytes),
            rate_limit=_number(rate.get("limit"), 0),
            rate_seconds=_number(rate.get("seconds"), 0),
            kept_seconds=_number(document.get("idempotency_seconds"), int(usual.kept_seconds)),
            languages=tuple(map(str, languages)) if isinstance(languages, list) and languages else usual.languages,
            job_items=_job_items(document),
        )

    def bounded(self) -> Limits:
        """Never more than what is sensible for one request, nor than the whole rate."""
        items = min(self.max_items, _MOST_ITEMS, self.rate_limit or _MOST_ITEMS)
        return replace(self, max_items=items, max_bytes=min(self.max_bytes, _MOST_BYTES))

    def at_most(self, items: int) -> Limits:
        """Of one request; 0: as many as before."""
        return replace(self, max_items=min(self.max_items, items)) if items else self

    def as_job(self, items: int, wished: bool | None) -> tuple[bool, str]:
        """Whether so many go as one; and why not, where they were to. ``wished`` of None: above JOB_ITEMS."""
        if not (items > JOB_ITEMS if wished is None else wished):
            return False, ""
        if self.job_items is None or items <= self.job_items:
            return True, ""
        return False, f"a job takes {self.job_items:,} rows here" if self.job_items else "this gateway takes no jobs"

    def lowered(self, max_items: int | None, max_bytes: int | None, count: int, size: int) -> Limits:
        """After a refusal of ``count`` items in ``size`` bytes; where it names no limit, half of them."""
        items, size_limit = max_items or self.max_items, max_bytes or self.max_bytes
        if items >= count and size_limit >= size:
            items = max(1, count // 2)
        return replace(self, max_items=min(items, self.max_items), max_bytes=min(size_limit, self.max_bytes))


def _job_items(document: Mapping[str, Any]) -> int | None:
    if "jobs" not in document:
        return None
    jobs = document["jobs"]
    return _number(jobs.get("max_job_items"), 0) if isinstance(jobs, dict) else 0


def _number(value: object, otherwise: int) -> int:
    """A positive number as a whole one. Beyond all bounds is no number: JSON's ``1e999`` is read as infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return otherwise
    return int(value) if 1 <= value < 2**53 else otherwise
