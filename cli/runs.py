"""The runs of a user: a journal for each input and gateway, and what was spooled for them."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.chunk import Span
from cli.errors import InUse, Refused, Unwritable
from cli.journal import Journal, read_header, read_own
from cli.journal_lines import Header
from cli.rows.opening import STDIN, open_input, spooled_input

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cli.journal_lines import State
    from cli.rows.opening import Input
    from cli.rows.row import Rows

_KEPT_SECONDS = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class Known:
    """A run that was begun. ``id`` names it."""

    path: Path
    header: Header
    state: State

    @property
    def id(self) -> str:
        return self.path.stem

    @property
    def is_ended(self) -> bool:
        return bool(self.state.ended)


class Runs:
    """``now`` gives seconds since 1970."""

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self._journals = folder / "runs"
        self.spool = folder / "spool"
        self._now = now

    def known(self) -> list[Known]:
        """All, the latest first."""
        found = [Known(path, *read) for path in self._journals.glob("*.journal") if (read := read_header(path))]
        return sorted(found, key=lambda known: -known.header.begun)

    def of(self, source: Input, target: str) -> Known | None:
        """That of this very input. Raises Refused where its journal is damaged."""
        read = read_own(path := self._path(source, target))
        return Known(path, *read) if read else None

    def given_up(self, source: Input, target: str) -> Known | None:
        """That of this very input, as far as its journal can be read."""
        read = read_header(path := self._path(source, target))
        return Known(path, *read) if read else None

    def resume(self, known: Known, rows: Rows, saved: Mapping[str, Any], caller: str) -> Journal:
        """``saved`` is how the input is read now.

        Raises InUse, Unwritable, or Refused where it is read differently, or by another caller.
        """
        if caller != known.header.caller and not known.is_ended:
            raise Refused(
                "the run was begun under another login, to which its keys belong; log in as that, or --restart"
            )
        before = known.header.reading
        if {**before, "languages": ()} != {**saved, "languages": ()}:
            raise Refused(f"the run that was begun reads it otherwise ({_said(before)}); say the same, or --restart")
        return Journal.resume(known.path, _whole(rows))

    def begin(
        self,
        source: Input,
        target: str,
        rows: Rows,
        saved: Mapping[str, Any],
        items: int,
        *,
        caller: str,
        applied: Path | None,
    ) -> Journal:
        """A new one, in place of one of the same input. Raises InUse and Unwritable."""
        path = self._path(source, target)
        header = Header(
            target=target,
            path=_absolute(source.name),
            size=source.size,
            sha256=source.sha256,
            reading=saved,
            items=items,
            begun=self._now(),
            caller=caller,
            applied=str(applied.absolute()) if applied else "",
        )
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as exc:
            raise Unwritable(f"{path.parent}: {exc.strerror}") from exc
        self._forget_old()
        return Journal.begin(path, header, _whole(rows))

    def demand_same(self, source: Input, target: str) -> None:
        """Raises Refused where a run of this file stopped, and the file was changed since."""
        for known in self.others(source, target):
            header, counts = known.header, known.state.counts.plus(known.state.unsettled)
            began = time.strftime("%Y-%m-%d %H:%M", time.localtime(header.begun))
            raise Refused(
                f"{source.name} was changed since the run of {began}, which sent {counts.total:,} of its {header.items:,} rows. "
                "Put the file back to go on there, or say --restart to send all of it as it is now"
            )

    def forget_others(self, source: Input, target: str) -> None:
        """The unfinished runs of other contents of this file. Raises InUse."""
        for known in self.others(source, target):
            self.forget(known)

    def forget(self, known: Known) -> None:
        """With what was spooled for it. Raises InUse."""
        with Journal.resume(known.path, Span(0, None, 0, 0)) as journal:
            journal.remove()
        if not any(one.header.sha256 == known.header.sha256 and not one.is_ended for one in self.known()):
            self._spooled(known.header).unlink(missing_ok=True)

    def spooled(self, header: Header) -> Path | None:
        """Where the input of a run was spooled, if it was."""
        path = self._spooled(header)
        return path if path.exists() else None

    def source(self, header: Header) -> Input:
        """The input of a run, as it is now. Raises Usage where it is gone."""
        form, spooled = header.reading["form"], self.spooled(header)
        if spooled:
            return spooled_input(header.path, form, spooled)
        return open_input(header.path, form, self.spool)

    def _spooled(self, header: Header) -> Path:
        return self.spool / f"{header.sha256}.{header.reading['form']}"

    def tidy(self, source: Input) -> None:
        """Remove what was spooled of an input, unless a run is to go on with it."""
        if source.spooled and not any(one.header.sha256 == source.sha256 and not one.is_ended for one in self.known()):
            source.path.unlink(missing_ok=True)

    def others(self, source: Input, target: str) -> Iterator[Known]:
        """The unfinished runs of other contents of this file."""
        if source.name == STDIN:
            return
        name = _absolute(source.name)
        for known in self.known():
            header = known.header
            if (
                header.path == name
                and header.target == target
                and not known.is_ended
                and header.sha256 != source.sha256
            ):
                yield known

    def _forget_old(self) -> None:
        for known in self.known():
            if known.is_ended and known.state.ended < self._now() - _KEPT_SECONDS:
                try:
                    self.forget(known)
                except (InUse, Unwritable):
                    continue

    def _path(self, source: Input, target: str) -> Path:
        named = f"{target}\n{source.size}\n{source.sha256}".encode()
        return self._journals / f"{hashlib.sha256(named).hexdigest()[:16]}.journal"


def _absolute(name: str) -> str:
    return name if name == STDIN else str(Path(name).absolute())


def _whole(rows: Rows) -> Span:
    return Span(rows.start, None, 0, rows.first_line)


def _said(saved: Mapping[str, Any]) -> str:
    options = {name: value for name, value in saved["csv"].items() if value}
    return ", ".join([f"form {saved['form']}", *(f"{name} {value}" for name, value in options.items())])
