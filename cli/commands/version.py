"""``actions --version``: this command's, and the gateway's where one is known."""

from __future__ import annotations

import os

import click

from cli import VERSION
from cli.access.choosing import URL
from cli.access.credentials import Token
from cli.commands.setting import profiles
from cli.connection import Connection
from cli.errors import ActionsError


def show_version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    click.echo(f"actions {VERSION}")
    click.echo(_gateway())
    context.exit()


def _gateway() -> str:
    try:
        saved = profiles().load("default")
        url = os.environ.get(URL) or (saved.url if saved else "")
        if not url:
            return "gateway unknown: nobody is logged in"
        plain_http = saved is not None and saved.plain_http
        answer = Connection(url, Token("none"), plain_http=plain_http).page("/openapi.json")
    except ActionsError as exc:
        return f"gateway unknown: {exc}"
    info = answer.document.get("info")
    if not isinstance(info, dict) or "version" not in info:
        return f"gateway unknown: {answer.said}"
    return f"gateway {info['version']} at {url}"
