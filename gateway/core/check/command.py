"""``python -m gateway.core check``.

Exit codes: 0 all pass · 3 warnings · 4 failures, or drift · 1 it cannot be done · 2 wrong usage · 130 stopped.
"""

from __future__ import annotations

import sys
import time
from secrets import token_hex
from typing import TYPE_CHECKING, TextIO

from gateway.core.check import machine, parts, report
from gateway.core.check.baseline import Baseline, BaselineUnusable
from gateway.core.check.finding import worst
from gateway.core.check.journal import Journal, JournalFull, NoJournal
from gateway.core.check.missing_item import MissingItem
from gateway.core.check.options import confirmed
from gateway.core.check.pace import Pace
from gateway.core.check.parts import Unusable
from gateway.core.check.table import findings
from gateway.core.check.trial import Trial
from gateway.core.check.writes import MOST, Writes
from gateway.ending import held_back, is_told_to_end
from gateway.settings import Settings, SettingsError, load
from gateway.wiring.core import answer_shape, core_credentials
from legacy_client.calls import Update
from legacy_client.single.calls import SingleCalls

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from gateway.core.check.finding import Finding

_CODES = {"pass": 0, "cannot tell": 0, "warn": 3, "fail": 4}
USAGE = 2


def run(options: argparse.Namespace) -> int:
    if why := confirmed(options, input):
        print(f"error: {why}", file=sys.stderr)
        return USAGE
    try:
        settings = load()
        return check(settings, options, Pace().up_to(options.rest), sys.stdout)
    except SettingsError as exc:
        print(exc.report(), file=sys.stderr)
    except (Unusable, BaselineUnusable, JournalFull) as exc:
        print(f"error: {exc}", file=sys.stderr)
    except OSError as exc:
        print(f"error: {exc.filename or 'standard output'}: {exc.strerror}", file=sys.stderr)
    return 1


def check(settings: Settings, options: argparse.Namespace, pace: Pace, out: TextIO) -> int:
    """Raises SettingsError, Unusable, BaselineUnusable, JournalFull and OSError."""
    if settings.core.core_transport == "hub":
        # Only this transport needs gevent.
        from legacy_client.transport.hub.interrupts import end_quietly

        end_quietly()
    baseline = Baseline(options.baseline) if options.baseline else None
    assembled = _Assembled(settings, options, pace)
    try:
        return assembled.told(baseline, out)
    finally:
        assembled.close()


class _Assembled:
    """A run: what it is made of, and its order."""

    def __init__(self, settings: Settings, options: argparse.Namespace, pace: Pace) -> None:
        self._options = options
        run_id = token_hex(4)
        resource = parts.resource(settings)
        field = parts.field(resource, options.field, settings.service.languages)
        self._journal = parts.journal(options, run_id)
        reader, authorization = parts.reader(settings), parts.authorization(settings, options)
        self._calls = SingleCalls(
            settings.core.core_url,
            resource.operation,
            transport=parts.transports(settings, pace),
            credentials=core_credentials(settings.core, parts.fetch_token(settings)),
            reader=reader,
            seconds=settings.budgets.core_timeout,
            authorization=authorization,
            note=self._journal.note,
            undisturbed=held_back,
            is_told_to_end=is_told_to_end,
        )
        place = parts.place(settings, reader, self._journal.note)
        item = Update.of(options.id, {})
        for call in (item, Update.of(options.missing_id, {})):
            parts.check_id(self._calls, call)
        most = MOST if options.write else 0
        self._writes = Writes(self._calls, place, self._journal, item_id=options.id, field=field, run=run_id, most=most)
        self._trial = Trial(
            settings=settings,
            resource=resource,
            field=field,
            place=place,
            missing=MissingItem(self._calls, options.missing_id, run_id),
            look=lambda: self._calls.look(item),
            own_credentials=self._calls.own_credentials,
            method=self._calls.method,
            code_at=answer_shape(settings.core).code_at,
            writes=self._writes,
            pace=pace,
            wall_clock=time.time,
            rest=time.sleep,
            keys_kept=options.keys_kept,
        )

    def told(self, baseline: Baseline | None, out: TextIO) -> int:
        if self._trial.missing.is_shown:
            raise Unusable(f"the core shows the item {self._options.missing_id}; --missing-id must not be there")
        try:
            self._ask(out)
        except BaseException:
            self._calls.renew()
            raise
        finally:
            is_put_back = self._put_back()
        found = self._trial.found
        drift = list(baseline.drift(found)) if baseline else []
        if baseline and baseline.is_new:
            baseline.write(found)
        code = 4 if drift or not is_put_back else _CODES[worst(*(each.verdict for each in found.values()))]
        self._end(found, drift, code, out)
        return code

    def _put_back(self) -> bool:
        writes = self._writes
        if writes.is_under_way:
            self._trial.rest(self._trial.pace.settle)
        if not writes.put_back(is_last=True):
            print(_not_put_back(self._options, self._journal), file=sys.stderr)
            return False
        if writes.made:
            print(f"{writes.field.name} of {self._options.id} has its own value.", file=sys.stderr)
        return True

    def close(self) -> None:
        self._calls.close()
        self._journal.close()

    def _ask(self, out: TextIO) -> None:
        is_for_people = not (self._options.json or self._options.junit)
        for probe, finding in findings(self._trial, self._began, is_loaded=self._options.load):
            if is_for_people:
                print(report.row(probe, finding), file=out, flush=True)

    def _began(self, name: str) -> None:
        self._journal.note("row", name=name)

    def _end(self, found: Mapping[str, Finding], drift: Sequence[str], code: int, out: TextIO) -> None:
        path = _path(self._journal)
        if self._options.json:
            print(machine.as_json(found, drift, path, code), file=out)
        elif self._options.junit:
            print(machine.as_junit(found, drift), file=out)
        else:
            print(f"\n{report.summary(found, drift)}", file=out)
            if path:
                print(f"\nAll calls stand in {path}", file=out)


def _path(journal: Journal | NoJournal) -> str:
    return str(journal.path) if isinstance(journal, Journal) else ""


def _not_put_back(options: argparse.Namespace, journal: Journal | NoJournal) -> str:
    return f'error: {options.field} of {options.id} may not be as it was: its value stands as "own" in {_path(journal)}'
