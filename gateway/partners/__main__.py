"""``python -m gateway.partners``: list and show partners, give one a share, block it, and let it in again.

Exit codes: 0 done · 1 it cannot be done (one line on stderr says why) · 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.ending import refuse, run_to_its_end
from gateway.partners.edit import added, blocked, replace_file, shared
from gateway.partners.partner import Partner, read_partners
from gateway.settings import variable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MESSAGE = "Your updates are stopped for now; ask the operator of this service."

_ALL = 100


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.file is None:
        return refuse(f"no file: set {variable('partners_file')}, or name one with --file")
    command: Callable[[str, argparse.Namespace], None] = options.command
    try:
        command(_text(options), options)
    except KeyError as exc:
        return refuse(f"no partner {exc.args[0]} in {options.file}")
    except ValueError as exc:
        return refuse(f"{options.file}: {exc}")
    except BrokenPipeError:
        raise
    except OSError as exc:
        return refuse(f"{exc.filename or options.file}: {exc.strerror}")
    return 0


def _text(options: argparse.Namespace) -> str:
    path: Path = options.file
    # The first partner may be blocked before there is a file.
    is_new = getattr(options, "principal", None) and not path.exists()
    return "" if is_new else path.read_text(encoding="utf-8")


def _list(text: str, _options: argparse.Namespace) -> None:
    for partner in read_partners(text).values():
        state = "blocked" if partner.blocked else "dry run only" if partner.dry_run_only else "allowed"
        share = f"{partner.share} %" if partner.share else "-"
        print(f"{partner.name:<20}  {state:<12}  {partner.rate or '-':<14}  {share:<5}  {' '.join(partner.principals)}")


def _show(text: str, options: argparse.Namespace) -> None:
    shown = asdict(read_partners(text)[options.name])
    ids = shown.pop("partner_ids")
    print(json.dumps({**shown, "partners": None if ids is None else sorted(ids)}, indent=2, ensure_ascii=False))


def _block(text: str, options: argparse.Namespace) -> None:
    if options.principal and options.name not in read_partners(text):
        text = added(text, Partner(name=options.name, principals=tuple(options.principal)))
    replace_file(options.file, blocked(text, options.name, options.message))


def _allow(text: str, options: argparse.Namespace) -> None:
    replace_file(options.file, blocked(text, options.name, ""))


def _words(text: str) -> str:
    # No message means not blocked.
    if not text.strip():
        raise argparse.ArgumentTypeError("must say something; `allow` lets a partner in again")
    return text


def _share(text: str, options: argparse.Namespace) -> None:
    replace_file(options.file, shared(text, options.name, 0 if options.percent == _ALL else options.percent))


def _percent(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]?|100", text):
        raise argparse.ArgumentTypeError("must be a whole number from 1 to 100")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    given = os.environ.get(variable("partners_file"))
    parser = argparse.ArgumentParser(prog="python -m gateway.partners", description=__doc__.partition("\n")[0])
    parser.add_argument("--file", type=Path, default=Path(given) if given else None, help="another file of partners")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    commands.add_parser("list", help="all partners, with state, rate, share and callers").set_defaults(command=_list)
    for name, command, text in (
        ("show", _show, "one partner as JSON"),
        ("block", _block, "refuse all requests of a partner, within seconds"),
        ("allow", _allow, "let a blocked partner in again"),
        ("share", _share, "bound the calls to the core that a partner has in flight, within seconds"),
    ):
        one = commands.add_parser(name, help=text)
        one.add_argument("name", help="of the partner")
        one.set_defaults(command=command)
        if command is _share:
            one.add_argument("percent", type=_percent, help="of the calls to the core, in each worker; 100 for all")
        if command is _block:
            one.add_argument("--message", type=_words, default=_MESSAGE, help="what the partner is told")
            one.add_argument("--principal", action="append", help="a caller of a partner that is not in the file yet")
    return parser


if __name__ == "__main__":
    sys.exit(run_to_its_end(main))
