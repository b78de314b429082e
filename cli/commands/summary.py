"""The end of a command in facts: what became of the rows, the exit code, and what to do next."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cli.errors import ActionsError, Exit
from cli.journal import Told
from cli.leavings import FAILED, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cli.journal import Journal
    from cli.outcome import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """``again`` rows can succeed under the same command. ``codes`` count what was not applied.

    ``stopped`` is why the run did not come to its end: an error, ``interrupted``, ``deadline``, or None.
    ``was_ended``: an earlier run had done all of it. ``files`` are by kind of row.
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

    @property
    def left(self) -> int:
        """Rows that were not sent."""
        return self.items - self.counts.total

    @property
    def exit_code(self) -> Exit:
        if self.stopped == "interrupted":
            return Exit.INTERRUPTED
        if self.stopped == "deadline":
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
            "not_sent": self.left,
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
            return f"All {self.items:,} updates are applied."
        parts = [f"{counts.applied:,} of {self.items:,} updates are applied"]
        parts += [f"{counts.failed:,} failed"] if counts.failed else []
        parts += [f"{counts.unknown:,} may have been applied"] if counts.unknown else []
        parts += [f"{self.left:,} were not sent"] if self.left else []
        return f"{', '.join(parts)}."

    @property
    def next(self) -> str:
        """One sentence that says what to do."""
        if self.was_ended:
            return f"Nothing was sent now: this was sent on {self.was_ended}; --restart sends it again."
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
            return f"Mend {self.files[FAILED]} and send it: actions update {self.files[FAILED]}{more}"
        if UNKNOWN in self.files:
            return f"Look at {self.files[UNKNOWN]}; what of it was not applied, send again: actions update {self.files[UNKNOWN]}"
        return ""


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
