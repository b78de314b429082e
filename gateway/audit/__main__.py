"""``python -m gateway.audit``: what became of an item, for whom and when.

Exit codes: 0 done · 1 it cannot be done (one line on stderr says why) · 2 wrong usage.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from gateway.api.routes import RESOURCES
from gateway.audit.search import Wish, parse_since, records
from gateway.audit.sink import AuditUnavailable
from gateway.ending import refuse, run_to_its_end
from gateway.partners.directory import Partners
from gateway.settings import SettingsError, load_kept, variable
from gateway.wiring.audit import audit_sink

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ABOUT_CALLERS = "; --principal is a caller, as `principal_id` in the log, and --partner a partner's name"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        is_of = _of_partner(options.partner) if options.partner else None
        wish = Wish(options.item, options.principal, options.request, options.since, is_of)
        found = False
        with closing(audit_sink(load_kept())) as sink:
            for record in records(sink, wish):
                print(orjson.dumps(record).decode())
                found = True
    except SettingsError as exc:
        print(exc.report(), file=sys.stderr)
        return 1
    except AuditUnavailable as exc:
        return refuse(exc.reason)
    if not found:
        print(f"0 records{_ABOUT_CALLERS if options.principal else ''}", file=sys.stderr)
    return 0


def _of_partner(name: str) -> Callable[[str], bool]:
    """Raises SettingsError where the file of partners cannot be had, or does not have this one."""
    setting = variable("partners_file")
    path = os.environ.get(setting, "")
    if not path:
        raise SettingsError(f"{setting}: must be set for --partner")
    try:
        partners = Partners(Path(path))
    except (OSError, ValueError) as exc:
        raise SettingsError(f"{setting}: cannot be used ({exc})") from exc
    if not partners.has(name):
        raise SettingsError(f"{setting}: must have the partner {name}")
    return lambda principal: (partner := partners.of_id(principal)) is not None and partner.name == name


def _since(text: str) -> datetime:
    try:
        return parse_since(text, datetime.now(UTC))
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc


def _item_names() -> list[str]:
    """What an item of each resource is called."""
    return [f"--{make(('en',), 1, lambda: None).name}" for make in RESOURCES]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gateway.audit", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    find = commands.add_parser("find", help="a line of JSON for each item, newest batch first")
    find.add_argument(
        "--item", *_item_names(), dest="item", default="", metavar="ID", help="of this id, or with this last part of it"
    )
    find.add_argument("--principal", default="", help="of this caller, as `principal_id` in the log")
    find.add_argument(
        "--partner", default="", metavar="NAME", help="of this partner's callers, as the file of partners has them now"
    )
    find.add_argument("--request", default="", metavar="ID", help="of this request, as in `X-Request-ID`")
    find.add_argument("--since", type=_since, help="90s, 15m, 2h or 3d ago, or a time such as 2026-11-28T10:00")
    return parser


if __name__ == "__main__":
    sys.exit(run_to_its_end(main))
