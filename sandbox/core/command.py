"""``python -m sandbox core``: its options, and how the core is put together."""

from __future__ import annotations

import argparse
import tempfile
from contextlib import nullcontext
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from sandbox.core.app import Core
from sandbox.core.collections import COLLECTIONS, Collection
from sandbox.core.database import Database
from sandbox.core.dialects import DIALECTS
from sandbox.core.errors import core_faults
from sandbox.core.magic import FAULT_OF_NUMBER
from sandbox.core.trouble import Trouble
from sandbox.server.serve import add_server_options, run, weather_options

if TYPE_CHECKING:
    from collections.abc import Sequence

EPILOG = """\
A call fails on request with the header X-Sandbox-Fault: KIND, or by its action id: 90000 plus a number below always,
91000 plus it on the first try of each Idempotency-Key.

"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "core",
        help="the legacy core's API",
        description="The legacy core's API on SQLite, seeded, with faults on request.",
        epilog=EPILOG + _fault_table(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_server_options(parser)
    parser.add_argument("--state", type=Path, metavar="FOLDER", help="keep the data here (default: a temporary folder)")
    parser.add_argument("--auth", choices=("none", "bearer"), default="none", help="bearer: 401 without a bearer token")
    parser.add_argument("--no-idempotency", action="store_true", help="ignore Idempotency-Key")
    text = "the words of its calls and answers; those of the contract if left out"
    parser.add_argument("--dialect", choices=DIALECTS, help=text)
    text = "what it holds beside the integrations, a sequence of Collection (default: its own)"
    parser.add_argument("--collections", type=_collections, default=COLLECTIONS, metavar="MODULE:NAME", help=text)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    trouble = _trouble(options)
    kept_or_not = nullcontext(options.state) if options.state else tempfile.TemporaryDirectory(prefix="sandbox-core-")
    with kept_or_not as name:
        folder = Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        database = Database(folder / "core.sqlite3")
        try:
            return run(
                lambda _url, traffic: Core(
                    database,
                    trouble,
                    traffic,
                    needs_bearer=options.auth == "bearer",
                    honours_idempotency=not options.no_idempotency,
                    collections=options.collections,
                    dialect=DIALECTS[options.dialect]() if options.dialect else None,
                ),
                options,
            )
        finally:
            database.close()


def _collections(name: str) -> Sequence[Collection]:
    """Raises ArgumentTypeError for a name that is none of collections."""
    try:
        found = resolve_name(name)
    except (ImportError, AttributeError, ValueError) as exc:
        raise argparse.ArgumentTypeError(f"{name}: {exc}") from exc
    if not isinstance(found, tuple) or not all(isinstance(kind, Collection) for kind in found):
        raise argparse.ArgumentTypeError(f"{name} is no tuple of Collection")
    return found


def _trouble(options: argparse.Namespace) -> Trouble:
    try:
        return Trouble(core_faults(), weather_options(options))
    except ValueError as exc:
        raise SystemExit(f"sandbox: {exc}") from exc


def _fault_table() -> str:
    numbers = {kind: number for number, kind in FAULT_OF_NUMBER.items()}
    rows = [(numbers.get(kind), kind, fault.text) for kind, fault in core_faults().items()]
    return "\n".join(f"  {number or '':>3}  {kind:<14}  {text}" for number, kind, text in rows)
