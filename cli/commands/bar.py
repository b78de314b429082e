"""The bar on a terminal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cli.commands.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import RenderableType

    from cli.commands.summary import Summary
    from cli.outcome import Counts
    from cli.problem import RowError

_REDRAWN_A_SECOND = 5
_WIDE = 72
_NARROW = 48


class Bar(Lines):
    """One or two lines that are drawn anew, at whatever width the terminal has then."""

    def __init__(self, console: Console | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._console = console or Console(stderr=True, highlight=False)
        self._counts: Counts | None = None
        self._waiting = ""
        # Draws at once.
        self._live = Live(get_renderable=self._draw, console=self._console, refresh_per_second=_REDRAWN_A_SECOND)

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def begin(self, name: str, items: int, earlier: Counts) -> None:
        super().begin(name, items, earlier)
        self._counts = earlier
        self._live.start()

    def progress(self, counts: Counts) -> None:
        self._counts, self._waiting = counts, ""

    def waiting(self, seconds: float, why: str) -> None:
        self._waiting = f"waiting {max(1, round(seconds))} s: {why}"

    def say(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)

    def invalid(self, errors: Sequence[RowError], total: int) -> None:
        self._live.stop()
        super().invalid(errors, total)

    def end(self, summary: Summary) -> None:
        self._waiting = ""
        self._live.stop()
        style = "green" if not summary.exit_code else "yellow"
        self._console.print(Text(summary.headline, style=f"bold {style}"), soft_wrap=True)
        if summary.codes:
            self.say("  " + ", ".join(f"{count:,} {code}" for code, count in summary.codes.items()))
        for kind, path in summary.files.items():
            self.say(f"  {kind}: {path}")
        if summary.next:
            self.say(summary.next)

    def refused(self, text: str, exit_code: int) -> None:
        self._live.stop()
        self._console.print(Text("actions: ", style="bold red"), Text(text), sep="", soft_wrap=True)

    def _draw(self) -> RenderableType:
        counts, width = self._counts, self._console.width
        if counts is None:
            return Text("")
        grid = Table.grid(expand=True, padding=(0, 1))
        grid.add_column(ratio=1)
        grid.add_column(justify="right", no_wrap=True)
        bar = ProgressBar(total=max(1, self._pace.items), completed=counts.total, complete_style="green")
        grid.add_row(bar, self._numbers(counts, width))
        if not self._waiting:
            return grid
        return Group(grid, Text(self._waiting, style="yellow", overflow="ellipsis", no_wrap=True))

    def _numbers(self, counts: Counts, width: int) -> Text:
        done, pace = counts.total, self._pace
        parts = [Text(f"{done / max(1, pace.items):.0%}")]
        if width >= _WIDE:
            parts.append(Text(f"{done:,}/{pace.items:,}"))
        parts += [Text(f"{counts.failed:,} failed", style="red")] if counts.failed else []
        parts += [Text(f"{counts.unknown:,} unknown", style="yellow")] if counts.unknown else []
        if width >= _NARROW:
            parts.append(Text(f"{pace.rate(done):,.0f}/s"))
        left = pace.left(done)
        parts += [Text(f"{left} left")] if left else []
        return Text(" · ").join(parts)
