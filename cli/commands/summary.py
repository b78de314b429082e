"""The end of a command in facts: what became of the rows, the exit code, and what to do next."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from shlex import quote
from typing import TYPE_CHECKING

from cli.errors import ActionsError, Exit
from cli.jobs.calls import typed
from cli.leavings import FAILED, UNKNOWN
from cli.told import Told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cli.journal import Journal
    from cli.outcome import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """``again`` rows can succeed under the same command. ``codes`` count what was not applied.

    ``stopped`` is why the run did not come to its end: an error, ``interrupted``, ``deadline``, ``job`` where its start was
    enough, or None. ``job`` is the started job that has the rows, or empty.
    ``was_ended``: an earlier run had done all of it. ``files`` are by kind of row. ``reach`` are the
    options that lead another command to the same gateway, ``options`` those that it reads one of these files with too.
    """

    name: str
    items: int
    counts: Counts
    again: int = 0
    codes: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    stopped: ActionsError | str | None = None
    was_ended: str = ""
    ok_if_partial: bool = False
    job: str = ""
    advice: str = ""
    reach: Sequence[str] = ()
    options: Sequence[str] = ()

    @property
    def left(self) -> int:
        """Rows of which nothing is known: they were not sent, or a job has them."""
        return self.items - self.counts.total

    @property
    def exit_code(self) -> Exit:
        if self.stopped == "interrupted":
            return Exit.INTERRUPTED
        if self.stopped in {"deadline", "job"}:
            return Exit.NOT_ENDED
        if isinstance(self.stopped, ActionsError) and self.stopped.exit_code != Exit.PARTIAL:
            return self.stopped.exit_code
        if self.counts.applied == self.items:
            return Exit.ALL
        if not self.counts.applied:
            return Exit.NONE
        return Exit.ALL if self.ok_if_partial else Exit.PARTIAL

    def facts(self) -> dict[str, object]:
        """For programs; the same as the sentences say."""
        return {
            "input": self.name,
            "rows": self.items,
            "applied": self.counts.applied,
            "failed": self.counts.failed,
            "unknown": self.counts.unknown,
            "not_sent": 0 if self.job else self.left,
            "with_the_job": self.left if self.job else 0,
            "job": self.job or None,
            "can_be_repeated": self.again,
            "codes": dict(self.codes),
            "files": {kind: str(path) for kind, path in self.files.items()},
            "sent_before": self.was_ended or None,
            "stopped": str(self.stopped) if self.stopped else None,
            "exit": int(self.exit_code),
            "next": self.next,
        }

    @property
    def headline(self) -> str:
        counts = self.counts
        if counts.applied == self.items:
            return "The one update is applied." if self.items == 1 else f"All {self.items:,} updates are applied."
        parts = [f"{counts.applied:,} of {self.items:,} updates are applied"]
        parts += [f"{counts.failed:,} failed"] if counts.failed else []
        parts += [f"{counts.unknown:,} may have been applied"] if counts.unknown else []
        verb = ("is", "was") if self.left == 1 else ("are", "were")
        what = f"{verb[0]} still with the job" if self.job else f"{verb[1]} not sent"
        parts += [f"{self.left:,} {what}"] if self.left else []
        return f"{', '.join(parts)}."

    @property
    def next(self) -> str:
        """One sentence that says what to do; ``advice`` where there is any."""
        if self.advice:
            return self.advice
        if self.was_ended:
            return f"Nothing was sent now: this was sent on {self.was_ended}; --restart sends it again."
        if (
            self.job
            and self.left
            and not (isinstance(self.stopped, ActionsError) and self.stopped.exit_code != Exit.NOT_ENDED)
        ):
            return self._next_of_job
        if self.stopped == "interrupted":
            return "The same command goes on from here."
        if isinstance(self.stopped, ActionsError):
            return f"Stopped: {str(self.stopped).rstrip('.')}. Then the same command goes on from here."
        if self.again or self.left:
            mend = (
                f" Then mend {self.files[FAILED]}." if self.counts.failed > self.again and FAILED in self.files else ""
            )
            return f"The same command sends what is left and what can still succeed.{mend}"
        if FAILED in self.files:
            more = f" Look at {self.files[UNKNOWN]} too." if UNKNOWN in self.files else ""
            return f"Mend {self.files[FAILED]} and send it: {self._sends(FAILED)}{more}"
        if UNKNOWN in self.files:
            return f"Look at {self.files[UNKNOWN]}; what of it was not applied, send again: {self._sends(UNKNOWN)}"
        return ""

    def _sends(self, kind: str) -> str:
        """A command as it is typed."""
        return f"actions update {' '.join([quote(str(self.files[kind])), *self.reach, *self.options])}"

    @property
    def _next_of_job(self) -> str:
        why = f"{str(self.stopped).rstrip('.')}. " if isinstance(self.stopped, ActionsError) else ""
        show, cancel = typed("show", self.job, "--watch", *self.reach), typed("cancel", self.job, *self.reach)
        return (
            f"{why}Job {self.job} goes on at the gateway. The same command fetches its outcome; "
            f"{show} shows how it goes, {cancel} stops it."
        )


def codes_of(journal: Journal) -> tuple[Counter[str], int]:
    """Codes of what was not applied, the most frequent first, and how many rows the same command sends again."""
    told, is_open = Told(journal.path), set(journal.state.open)
    codes: Counter[str] = Counter()
    again = 0
    for _, failures in told.refused():
        codes.update(failure.code for failure in failures)
    for chunk, last in told.chunks():
        if last is None:
            codes["no_answer"] += chunk.sent
            again += chunk.sent
        else:
            codes.update(failure.code for failure in last)
            again += sum(failure.retryable for failure in last) if chunk.number in is_open else 0
    return Counter(dict(codes.most_common())), again
