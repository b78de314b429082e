"""What a command says without a bar: lines on standard error, JSON on standard output, or nothing."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Self

import click

from cli.errors import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cli.commands.summary import Summary
    from cli.outcome import Counts
    from cli.problem import RowError

LINE_SECONDS = 10.0
SHOWN_ERRORS = 100
_TOLD_SECONDS = 5.0


class Pace:
    """Rate and time left, of what this run did itself."""

    def __init__(self, items: int, earlier: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.items = items
        self._earlier = earlier
        self._clock = clock
        self._began = clock()

    def rate(self, done: int) -> float:
        """Rows in a second."""
        seconds = self._clock() - self._began
        return (done - self._earlier) / seconds if seconds > 0 else 0.0

    def left(self, done: int) -> str:
        """As ``1:05``; empty while it is not known."""
        rate = self.rate(done)
        if rate <= 0 or done >= self.items:
            return ""
        seconds = int((self.items - done) / rate)
        hours = f"{seconds // 3600}:{seconds // 60 % 60:02}" if seconds >= 3600 else f"{seconds // 60}"
        return f"{hours}:{seconds % 60:02}"


class Lines:
    """A line each ten seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next = 0.0
        self._earlier = 0
        self._pace = Pace(0, 0, clock)
        self._upload: Pace | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def begin(self, name: str, items: int, earlier: Counts) -> None:
        self._begin(items, earlier)
        before = f"; {earlier.total:,} were sent before" if earlier.total else ""
        self.say(f"{name}: {counted(items, 'row')} valid{before}")

    def uploaded(self, rows: int) -> None:
        if upload := self._uploading(rows):
            self.say(upload_line(rows, upload))

    def progress(self, counts: Counts) -> None:
        if self._is_due():
            self.say(progress_line(counts, self._pace))

    def waiting(self, seconds: float, why: str) -> None:
        if seconds >= _TOLD_SECONDS:
            self.say(f"waiting {seconds:.0f} s: {why}")

    def say(self, text: str) -> None:
        click.echo(text, err=True)

    def note(self, text: str) -> None:
        self.say(text)

    def invalid(self, errors: Sequence[RowError], total: int) -> None:
        for error in errors[:SHOWN_ERRORS]:
            self.say(str(error))
        if total > SHOWN_ERRORS:
            self.say(f"and {total - SHOWN_ERRORS:,} more; mend these first")

    def end(self, summary: Summary) -> None:
        self.say(summary.headline)
        if summary.codes:
            self.say("  " + ", ".join(f"{count:,} {code}" for code, count in summary.codes.items()))
        for kind, path in summary.files.items():
            self.say(f"  {kind}: {path}")
        if summary.next:
            self.say(summary.next)

    def refused(self, text: str, exit_code: int) -> None:
        self.say(f"actions: {text}")

    def _begin(self, items: int, earlier: Counts) -> None:
        self._earlier, self._upload = earlier.total, None
        self._pace = Pace(items, earlier.total, self._clock)
        self._next = self._clock() + LINE_SECONDS

    def _uploading(self, rows: int) -> Pace | None:
        """The pace of an upload that is to be told of now."""
        if rows >= self._pace.items:
            # What is applied has a pace of its own, from here on.
            self._upload, self._pace = None, Pace(self._pace.items, self._earlier, self._clock)
            return None
        self._upload = self._upload or Pace(self._pace.items, rows, self._clock)
        return self._upload if self._is_due() else None

    def _is_due(self) -> bool:
        is_due = self._clock() >= self._next
        if is_due:
            self._next = self._clock() + LINE_SECONDS
        return is_due


class Quiet(Lines):
    """Only what went wrong."""

    def begin(self, name: str, items: int, earlier: Counts) -> None:
        """Say nothing."""

    def uploaded(self, rows: int) -> None:
        """Say nothing."""

    def progress(self, counts: Counts) -> None:
        """Say nothing."""

    def waiting(self, seconds: float, why: str) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""

    def end(self, summary: Summary) -> None:
        if summary.exit_code:
            super().end(summary)


class Json(Lines):
    """Each fact as an object on a line of its own, on standard output."""

    def begin(self, name: str, items: int, earlier: Counts) -> None:
        self._begin(items, earlier)
        self._print({"event": "begin", "input": name, "rows": items, "sent_before": earlier.total})

    def uploaded(self, rows: int) -> None:
        if self._uploading(rows):
            self._print({"event": "uploading", "rows": self._pace.items, "uploaded": rows})

    def progress(self, counts: Counts) -> None:
        if self._is_due():
            rate = round(self._pace.rate(counts.total), 1)
            self._print({"event": "progress", "rows": self._pace.items, **counts._asdict(), "rows_per_second": rate})

    def waiting(self, seconds: float, why: str) -> None:
        self._print({"event": "waiting", "seconds": seconds, "why": why})

    def say(self, text: str) -> None:
        self._print({"event": "note", "text": text})

    def invalid(self, errors: Sequence[RowError], total: int) -> None:
        for error in errors:
            self._print({"event": "invalid", "row": error.label, **error.problem._asdict()})

    def end(self, summary: Summary) -> None:
        self._print({"event": "end", **summary.facts()})

    def refused(self, text: str, exit_code: int) -> None:
        self._print({"event": "refused", "why": text, "exit": exit_code})

    def _print(self, fact: dict[str, object]) -> None:
        click.echo(json.dumps(fact, ensure_ascii=False))


def upload_line(rows: int, pace: Pace) -> str:
    left = pace.left(rows)
    return f"{rows:,} of {pace.items:,} rows are uploaded{f', {left} left' if left else ''}"


def progress_line(counts: Counts, pace: Pace) -> str:
    failed = f", {counts.failed:,} failed" if counts.failed else ""
    unknown = f", {counts.unknown:,} unknown" if counts.unknown else ""
    left = pace.left(counts.total)
    return (
        f"{counts.total:,} of {pace.items:,} rows: {counts.applied:,} applied{failed}{unknown}; "
        f"{pace.rate(counts.total):,.0f} a second{f', {left} left' if left else ''}"
    )
