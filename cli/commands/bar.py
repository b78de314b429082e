"""The bar on a terminal."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cli.commands.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import RenderableType

    from cli.commands.lines import Pace
    from cli.commands.summary import Summary
    from cli.outcome import Counts
    from cli.problem import RowError

_REDRAWN_A_SECOND = 5
_WIDE = 72
_NARROW = 48
# So that the ^C that a terminal shows stays on the bar's line, and is drawn over.
_MARGIN = 3
# Of the 256 colours, those that are at least 3 to 1 against black as well as white. The 16 are the terminal's own, and its
# green and yellow are made for one background.
_GOOD, _BAD, _MIXED, _UPLOAD, _REST = "color(28)", "color(196)", "color(130)", "color(31)", "color(245)"
# A command stays on one line, so that it can be copied.
_TYPED = r"(?:'[^']*'|[^\s'])+"
_WORD = re.compile(rf"actions (?:jobs )?[a-z]+ {_TYPED}(?: --{_TYPED})*|\S+")


class Bar(Lines):
    """One or two lines that are drawn anew, at whatever width the terminal has then."""

    def __init__(self, console: Console | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._console = console or Console(stderr=True, highlight=False)
        self._waiting = ""
        # Draws at once.
        self._live = Live(get_renderable=self._draw, console=self._console, refresh_per_second=_REDRAWN_A_SECOND)

    def __enter__(self) -> Self:
        """The bar draws by itself, and needs no clock."""
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def begin(self, name: str, items: int, earlier: Counts) -> None:
        super().begin(name, items, earlier)
        self._live.start()

    def uploaded(self, rows: int) -> None:
        self._see_uploaded(rows)
        self._waiting = ""

    def progress(self, counts: Counts) -> None:
        self._counts, self._waiting = counts, ""

    def waiting(self, seconds: float, why: str) -> None:
        self._waiting = f"waiting {max(1, round(seconds))} s: {why}"

    def say(self, text: str) -> None:
        self._print(Text(text))

    def invalid(self, errors: Sequence[RowError], total: int) -> None:
        self._live.stop()
        super().invalid(errors, total)

    def end(self, summary: Summary) -> None:
        self._waiting = ""
        self._live.stop()
        self._print(Text(summary.headline, style=f"bold {_MIXED if summary.exit_code else _GOOD}"))
        if summary.codes:
            self.say("  " + ", ".join(f"{count:,} {code}" for code, count in summary.codes.items()))
        for kind, path in summary.files.items():
            self.say(f"  {kind}: {path}")
        if summary.next:
            self.say(summary.next)

    def refused(self, text: str, exit_code: int) -> None:
        self._live.stop()
        self._print(Text.assemble(("actions: ", f"bold {_BAD}"), text))

    def _print(self, text: Text) -> None:
        """Lines end between words. What is longer than a line is broken by the terminal alone, so that it can be copied."""
        width = self._console.width
        lines = [line for whole in text.split("\n") for line in _lines(whole, width)]
        self._console.print(Text("\n").join(lines), soft_wrap=True)

    def _draw(self) -> RenderableType:
        counts, width = self._counts, self._console.width - _MARGIN
        upload = self._upload
        done = self._rows_there if upload else counts.total
        numbers = _of_upload(done, upload, width) if upload else self._of_work(counts, width)
        grid = Table.grid(expand=True, padding=(0, 1))
        grid.width = width
        grid.add_column(ratio=1)
        grid.add_column(justify="right", no_wrap=True)
        grid.add_row(_bar(self._pace.items, done, _UPLOAD if upload else _GOOD), numbers)
        if not self._waiting:
            return grid
        waiting = Text(self._waiting, style=_MIXED, overflow="ellipsis", no_wrap=True)
        waiting.truncate(width, overflow="ellipsis")
        return Group(grid, waiting)

    def _of_work(self, counts: Counts, width: int) -> Text:
        pace, done = self._pace, counts.total
        more = [Text(f"{counts.failed:,} failed", style=_BAD)] if counts.failed else []
        more += [Text(f"{counts.unknown:,} unknown", style=_MIXED)] if counts.unknown else []
        more += [Text(f"{pace.rate(done):,.0f}/s")] if width >= _NARROW - _MARGIN else []
        return _numbers(done, pace, width, more)


def _of_upload(done: int, pace: Pace, width: int) -> Text:
    return _numbers(done, pace, width, [Text("uploaded", style=_UPLOAD)])


def _numbers(done: int, pace: Pace, width: int, more: list[Text]) -> Text:
    parts = [Text(f"{done / max(1, pace.items):.0%}")]
    parts += [Text(f"{done:,}/{pace.items:,}")] if width >= _WIDE - _MARGIN else []
    left = pace.left(done)
    return Text(" · ").join([*parts, *more, *([Text(f"{left} left")] if left else [])])


def _bar(items: int, done: int, style: str) -> ProgressBar:
    return ProgressBar(total=max(1, items), completed=done, style=_REST, complete_style=style, finished_style=style)


def _lines(text: Text, width: int) -> list[Text]:
    """Those after the first are indented."""
    ends: list[int] = []
    began = 0
    for word in _WORD.finditer(text.plain):
        indent = 2 if ends else 0
        if word.end() - began + indent > width and word.start() > began:
            ends.append(word.start())
            began = word.start()
    found = list(text.divide(ends))
    for line in found[1:]:
        line.pad_left(2)
    for line in found:
        line.rstrip()
    return found
