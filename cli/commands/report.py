"""How a command tells of its work: a bar on a terminal, else lines, JSON or nothing."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Protocol, Self

from cli.commands.lines import Json, Lines, Quiet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.commands.summary import Summary
    from cli.outcome import Counts
    from cli.problem import RowError


class Report(Protocol):
    """A context manager around the work."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def begin(self, name: str, items: int, earlier: Counts) -> None:
        """Sending begins; ``earlier`` runs had done so much."""
        ...

    def uploaded(self, rows: int) -> None:
        """The gateway has so many rows of a job; nothing of it is applied before it has all."""
        ...

    def progress(self, counts: Counts) -> None: ...

    def waiting(self, seconds: float, why: str) -> None: ...

    def say(self, text: str) -> None:
        """A sentence beside the progress."""
        ...

    def note(self, text: str) -> None:
        """A sentence about the work, which goes on."""
        ...

    def invalid(self, errors: Sequence[RowError], total: int) -> None: ...

    def end(self, summary: Summary) -> None: ...

    def refused(self, text: str, exit_code: int) -> None:
        """Why the command ends here."""
        ...


def report_for(*, json_lines: bool, quiet: bool) -> Report:
    """A bar on a terminal only; the library that draws it is not loaded elsewhere."""
    if json_lines:
        return Json()
    if quiet:
        return Quiet()
    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        from cli.commands.bar import Bar

        return Bar()
    return Lines()
