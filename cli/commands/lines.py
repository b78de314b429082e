"""What a command says without a bar: lines on standard error, JSON on standard output, or nothing."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Self

import click

from cli.commands.ticking import Ticking
from cli.errors import counted
from cli.outcome import Counts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cli.commands.summary import Summary
    from cli.problem import RowError

LINE_SECONDS = 10.0
SHOWN_ERRORS = 100
_TOLD_SECONDS = 5.0
_TICK_SECONDS = 1.0


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
    """A line each ten seconds, while a request waits for its answer too: it looks each ``tick_seconds``."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, tick_seconds: float = _TICK_SECONDS) -> None:
        self._clock = clock
        self._ticking = Ticking(self.tick, tick_seconds)
        # Whoever finds that a line is due says it before another looks.
        self._speaking = threading.RLock()
        self._counts = Counts()
        self._rows_there = 0
        # Before it begins, and once it has ended, no line is due.
        self._next = float("inf")
        self._earlier = 0
        self._pace = Pace(0, 0, clock)
        self._upload: Pace | None = None

    def __enter__(self) -> Self:
        self._ticking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ticking.stop()

    def begin(self, name: str, items: int, earlier: Counts) -> None:
        self._begin(items, earlier)
        before = f"; {earlier.total:,} were sent before" if earlier.total else ""
        self.say(f"{name}: {counted(items, 'row')} valid{before}")

    def uploaded(self, rows: int) -> None:
        with self._speaking:
            self._see_uploaded(rows)
            if self._upload:
                self.tick()

    def progress(self, counts: Counts) -> None:
        with self._speaking:
            self._counts = counts
            self.tick()

    def tick(self) -> None:
        """Say how it stands, if a line is due."""
        with self._speaking:
            if self._clock() >= self._next:
                self._next = self._clock() + LINE_SECONDS
                self._tell()

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
        self._rest()
        self.say(summary.headline)
        if summary.codes:
            self.say("  " + ", ".join(f"{count:,} {code}" for code, count in summary.codes.items()))
        for kind, path in summary.files.items():
            self.say(f"  {kind}: {path}")
        if summary.next:
            self.say(summary.next)

    def refused(self, text: str, exit_code: int) -> None:
        self._rest()
        self.say(f"actions: {text}")

    def _tell(self) -> None:
        if self._upload:
            self.say(upload_line(self._rows_there, self._upload))
        else:
            self.say(progress_line(self._counts, self._pace))

    def _begin(self, items: int, earlier: Counts) -> None:
        with self._speaking:
            self._earlier, self._upload, self._counts = earlier.total, None, earlier
            self._pace = Pace(items, earlier.total, self._clock)
            self._next = self._clock() + LINE_SECONDS

    def _rest(self) -> None:
        """From here on no line is due."""
        with self._speaking:
            self._next = float("inf")

    def _see_uploaded(self, rows: int) -> None:
        self._rows_there = rows
        if rows >= self._pace.items:
            # What is applied has a pace of its own, from here on.
            self._upload, self._pace = None, Pace(self._pace.items, self._earlier, self._clock)
        else:
            self._upload = self._upload or Pace(self._pace.items, rows, self._clock)


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

    def waiting(self, seconds: float, why: str) -> None:
        self._print({"event": "waiting", "seconds": seconds, "why": why})

    def say(self, text: str) -> None:
        self._print({"event": "note", "text": text})

    def invalid(self, errors: Sequence[RowError], total: int) -> None:
        for error in errors:
            self._print({"event": "invalid", "row": error.label, **error.problem._asdict()})

    def end(self, summary: Summary) -> None:
        self._rest()
        self._print({"event": "end", **summary.facts()})

    def refused(self, text: str, exit_code: int) -> None:
        self._rest()
        self._print({"event": "refused", "why": text, "exit": exit_code})

    def _tell(self) -> None:
        if self._upload:
            self._print({"event": "uploading", "rows": self._pace.items, "uploaded": self._rows_there})
            return
        counts, rate = self._counts, round(self._pace.rate(self._counts.total), 1)
        self._print({"event": "progress", "rows": self._pace.items, **counts._asdict(), "rows_per_second": rate})

    def _print(self, fact: dict[str, object]) -> None:
        click.echo(json.dumps(fact, ensure_ascii=False))


def upload_line(rows: int, pace: Pace) -> str:
    left = pace.left(rows)
    return f"{rows:,} of {pace.items:,} rows are uploaded{f', {left} left' if left else ''}"


def progress_line(counts: Counts, pace: Pace) -> str:
    failed = f", {counts.failed:,} failed" if counts.failed else ""
    unknown = f", {counts.unknown:,} unknown" if counts.unknown else ""
    left, rate = pace.left(counts.total), round(pace.rate(counts.total))
    # Of rows that an earlier run sent there is no rate to tell.
    speed = f"; {rate:,} a second" if rate else ""
    return (
        f"{counts.total:,} of {pace.items:,} rows: {counts.applied:,} applied{failed}{unknown}{speed}"
        f"{f', {left} left' if left else ''}"
    )
