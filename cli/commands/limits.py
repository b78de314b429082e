"""``actions limits``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from cli.commands.setting import with_setting
from cli.limits import Limits
from cli.update import ask_limits

if TYPE_CHECKING:
    from cli.commands.setting import Setting


@click.command()
@with_setting
def limits(setting: Setting) -> int:
    """Show what one request may hold, and your rate."""
    connection = setting.connect()
    try:
        told, found = ask_limits(connection), connection.limits()
    finally:
        connection.close()
    if setting.json_lines:
        click.echo(json.dumps(found.document.get("actions", {})))
        return 0
    rate = f"{told.rate_limit:,} items in {told.rate_seconds:,} s" if told.rate_limit else "none"
    click.echo(f"gateway    {connection.url}")
    click.echo(f"request    {_request(Limits.told(found.document.get('actions') or {}), told)}; larger files are cut")
    click.echo(f"rate       {rate}")
    if told.job_items is not None:
        click.echo(f"job        {f'{told.job_items:,} rows' if told.job_items else 'none'}")
    click.echo(f"languages  {', '.join(told.languages)}")
    if "actions" not in found.document:
        click.echo("This gateway tells no limits; these are used instead.", err=True)
    return 0


def _request(taken: Limits, sent: Limits) -> str:
    """What the gateway takes in one, and what this command puts into one where that is less."""
    of_one = _size(taken)
    return of_one if _size(sent) == of_one else f"{of_one}; from here {_size(sent)} at most"


def _size(limits: Limits) -> str:
    return f"{limits.max_items:,} items, {limits.max_bytes:,} bytes"
