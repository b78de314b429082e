"""The options of ``check``, and what must be typed twice."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.core.check.writes import MOST
from legacy_client.operations import is_path_text

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_REST = 60.0


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser], run: Callable[..., int]) -> None:
    parser = commands.add_parser(
        "check",
        help="ask the core what it really does, and tell the settings that follow",
        description="Asks the core of GATEWAY_CORE_URL, with the gateway's own settings, credentials, map and transport.",
        epilog="Exit codes: 0 all pass · 3 warnings · 4 failures, or drift from the baseline · 1 it cannot be done · "
        "2 wrong usage · 130 stopped.",
    )
    parser.add_argument("--id", type=_id, required=True, metavar="ID", help="an item that is there")
    parser.add_argument("--missing-id", type=_id, required=True, metavar="ID", help="one that is not there")
    parser.add_argument("--field", required=True, help="a text, a time or a list of the item")
    text = f"write to the item, at most {MOST} times, and put its value back"
    parser.add_argument("--write", action="store_true", help=text)
    parser.add_argument("--confirm", metavar="ID", help="the id once more, where there is no terminal to ask")
    parser.add_argument("--load", action="store_true", help="with --write: set the value to itself, up to 64 at once")
    parser.add_argument("--journal", type=Path, metavar="FILE", help="a new file for all calls of --write")
    parser.add_argument(
        "--authorization-file", type=Path, metavar="FILE", help="a caller's, for GATEWAY_CORE_AUTH=forward"
    )
    parser.add_argument(
        "--keys-kept", type=float, metavar="SECONDS", help="how long the core's team says it keeps keys"
    )
    text = f"the longest rest of a connection and of a key (default: {_LONGEST_REST:g})"
    parser.add_argument("--rest", type=_seconds, default=_LONGEST_REST, metavar="SECONDS", help=text)
    parser.add_argument(
        "--baseline", type=Path, metavar="FILE", help="written by the first run, compared by later ones"
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="for programs")
    shown.add_argument("--junit", action="store_true", help="for test reports")
    parser.set_defaults(run=run)


def confirmed(options: argparse.Namespace, ask: Callable[[str], str]) -> str:
    """Empty where the id was typed twice, or nothing is written; else why not."""
    # As numbers they may be the same with zeros in front, as UUIDs in other case.
    if options.id.lstrip("0").lower() == options.missing_id.lstrip("0").lower():
        return "--missing-id must be another one than --id"
    if options.load and not options.write:
        return "--load writes, so it needs --write"
    if not options.write:
        return ""
    given = options.confirm
    if given is None and not sys.stdin.isatty():
        return "--write needs the id once more: --confirm ID"
    if given is None:
        given = ask(f"The core of GATEWAY_CORE_URL will be written to. Type the id {options.id} again: ")
    return "" if given.strip() == options.id else "the ids differ; nothing was sent"


def _id(text: str) -> str:
    if not is_path_text(text):
        raise argparse.ArgumentTypeError("must be an id that can stand in a path")
    return text


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 3600:
        raise argparse.ArgumentTypeError("must be seconds, up to 3600")
    return seconds
