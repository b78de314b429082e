"""Options that say how an input is read."""

from __future__ import annotations

from functools import wraps
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from cli.errors import Usage
from cli.rows.csv_rows import CsvOptions
from cli.rows.opening import FORMS, Reading

if TYPE_CHECKING:
    from collections.abc import Callable

# So that a shell completes it. Whether it can be read is told by who opens it.
FILE = click.Path(readable=False, allow_dash=True)


class _Folder(click.Path):
    """One that is there and can be written to. Empty: none is named."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(value, param, ctx) if value else value


FOLDER = _Folder(exists=True, file_okay=False, readable=False, writable=True)

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--format", "form", type=click.Choice(FORMS), default=None, help="Else by the name's ending, or the first byte."
    ),
    click.option(
        "--delimiter", default="", metavar="CHAR", help="Of CSV; else guessed among comma, semicolon and tab."
    ),
    click.option(
        "--null",
        default=None,
        metavar="TEXT",
        help=r"The cell that means null, such as '\N'. An empty cell is no change.",
    ),
    click.option("--ignore", multiple=True, metavar="COLUMN", help="A column of CSV to leave out; may be repeated."),
)


def said_again(reading: Reading) -> list[str]:
    """The options that a file of the same columns is read with, as they are typed."""
    csv = reading.csv
    # A tab between quotes would not survive a paste.
    delimiter = csv.delimiter.replace("\t", "\\t")
    options = [f"--delimiter={quote(delimiter)}"] if delimiter else []
    options += [] if csv.null is None else [f"--null={quote(csv.null)}"]
    return [*options, *(f"--ignore={quote(name)}" for name in csv.ignore)]


def with_reading(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options; ``command`` gets them as the argument ``reading``."""

    @wraps(command)
    def run(
        *arguments: object, form: str | None, delimiter: str, null: str | None, ignore: tuple[str, ...], **own: object
    ) -> object:
        tab = delimiter.replace("\\t", "\t")
        if len(tab) > 1 or tab in {'"', "\n", "\r"}:
            raise Usage(f"--delimiter must be one character; it is {delimiter!r}")
        options = CsvOptions(delimiter=tab, null=null, ignore=ignore)
        return command(*arguments, reading=Reading(form=form or "", csv=options), **own)

    for option in reversed(_OPTIONS):
        run = option(run)
    return run
