"""What a probe found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Verdict = Literal["pass", "warn", "fail", "cannot tell"]
VERDICTS: tuple[Verdict, ...] = ("pass", "warn", "fail", "cannot tell")


class Proposal(NamedTuple):
    """A line to write: into the environment, or into the map where it starts with a section (``[meaning] …``)."""

    line: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``evidence`` holds statuses, sizes, times, shapes and hashes; no value of the item and no secret.

    ``shape``: what should be the same the next time. ``is_asked`` is False where an option was left out.
    """

    verdict: Verdict
    told: str
    evidence: Sequence[str] = ()
    proposals: Sequence[Proposal] = ()
    shape: Mapping[str, str] = field(default_factory=dict)
    is_asked: bool = True


def worst(*verdicts: Verdict) -> Verdict:
    """``cannot tell`` where there is nothing else."""
    for verdict in ("fail", "warn", "pass"):
        if verdict in verdicts:
            return verdict
    return "cannot tell"


def cannot_tell(told: str, *evidence: str, is_asked: bool = True) -> Finding:
    return Finding(verdict="cannot tell", told=told, evidence=evidence, is_asked=is_asked)
