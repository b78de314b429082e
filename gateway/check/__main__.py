"""``python -m gateway.check``: would the service serve, with these settings and from here?

Run it as the service's user. Exit codes: 0 it would · 1 something is wrong · 2 wrong usage.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from typing import TYPE_CHECKING

from gateway.check.audit import audit_found
from gateway.check.core import core_found, map_found
from gateway.check.files import files_found
from gateway.check.finding import Finding
from gateway.check.keycloak import keycloak_found
from gateway.check.partners import partners_found
from gateway.check.settings import settings_found, unwritable_folder
from gateway.check.stores import stores_found
from gateway.ending import run_to_its_end
from gateway.settings import SettingsError, load
from gateway.settings.effective import effective

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gateway.settings import Settings

_ABOUT_WIDTH, _VERDICT_WIDTH = 9, 6


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        settings = load(also=unwritable_folder)
    except SettingsError as exc:
        return _report(Finding("settings", "WRONG", line) for line in exc.lines)
    if options.settings:
        return _show(settings)
    return _report(_found(settings, os.environ))


def _found(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    yield from settings_found(settings, environ)
    yield from files_found(settings)
    yield from keycloak_found(settings)
    yield core_found(settings)
    yield from map_found(settings)
    yield from stores_found(settings)
    yield from partners_found(settings)
    yield from audit_found(settings)


def _report(findings: Iterator[Finding]) -> int:
    wrong = 0
    for about, verdict, text in findings:
        # At once: the next one may wait for a neighbour's time-out.
        print(f"{about:<{_ABOUT_WIDTH}} {verdict:<{_VERDICT_WIDTH}} {text}", flush=True)
        wrong += verdict == "WRONG"
    print(
        f"\n{'Nothing is wrong.' if not wrong else f'{wrong} wrong: the service would not serve as its settings ask.'}"
    )
    return int(wrong > 0)


def _show(settings: Settings) -> int:
    for name, value in effective(settings).items():
        print(f"{name}={value}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gateway.check", description="Look whether the service would serve, with these settings."
    )
    parser.add_argument("--settings", action="store_true", help="show every setting in force, secrets aside, and end")
    return parser


if __name__ == "__main__":
    # What the parts would log is in the report.
    logging.disable()
    sys.exit(run_to_its_end(main))
