"""``python -m gateway.audit``: what became of an item, for whom and when.

Exit codes: 0 done · 1 it cannot be done (one line on stderr says why) · 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from gateway.api.routes import RESOURCES
from gateway.audit.search import Wish, parse_since, records
from gateway.audit.sink import AuditUnavailable
from gateway.ending import run_to_its_end
from gateway.settings import SettingsError, load
from gateway.wiring.audit import audit_sink

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    wish = Wish(options.item, options.principal, options.request, options.since)
    try:
        settings = load()
        with closing(audit_sink(settings)) as sink:
            for record in records(sink, wish):
                print(orjson.dumps(record).decode())
    except SettingsError as exc:
        print(exc.report(), file=sys.stderr)
        return 1
    except AuditUnavailable as exc:
        print(f"error: {exc.reason}", file=sys.stderr)
        return 1
    return 0


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
    find.add_argument("--request", default="", metavar="ID", help="of this request, as in `X-Request-ID`")
    find.add_argument("--since", type=_since, help="90s, 15m, 2h or 3d ago, or a time such as 2026-11-28T10:00")
    return parser


if __name__ == "__main__":
    sys.exit(run_to_its_end(main))
