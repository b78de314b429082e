"""Options that commands share, and what they open."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import wraps
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from cli.access.choosing import Access, Asked, choose
from cli.access.profile import DEFAULT, Profiles, profile_said_again, system_keyring
from cli.commands.report import report_for
from cli.connection import Connection
from cli.errors import ActionsError
from cli.folders import config_folder, state_folder
from cli.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.commands.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the shared options say. Nothing is opened before it is asked for."""

    asked: Asked
    json_lines: bool = False
    quiet: bool = False

    @property
    def said_again(self) -> list[str]:
        """The options that lead another command to the same gateway as the same caller, as they are typed."""
        asked = self.asked
        options = [f"--url={quote(asked.url)}"] if asked.url else []
        options += [f"--token-file={quote(asked.token_file)}"] if asked.token_file else []
        return [*options, *profile_said_again(asked.profile), *(["--plain-http"] if asked.plain_http else [])]

    def report(self) -> Report:
        return report_for(json_lines=self.json_lines, quiet=self.quiet)

    def access(self) -> Access:
        """Raises Usage."""
        return choose(self.asked, os.environ, profiles())

    def connect(self) -> Connection:
        """Raises Usage."""
        access = self.access()
        return Connection(
            access.url,
            access.credentials,
            plain_http=access.plain_http,
            log_in=access.log_in,
            reach=self.said_again,
        )


def profiles() -> Profiles:
    return Profiles(config_folder(os.environ), system_keyring)


def runs() -> Runs:
    """Raises Usage."""
    return Runs(state_folder(os.environ))


_PROFILE = click.option(
    "--profile", default=DEFAULT, show_default=True, help="What actions login saved under this name."
)
_SHARED: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--url", default="", metavar="URL", help="The gateway's address; else ACTIONS_URL, else the profile's."
    ),
    click.option(
        "--token-file",
        type=click.Path(readable=False),
        default="",
        metavar="FILE",
        help="A file with an access token; else ACTIONS_TOKEN, else the profile.",
    ),
    _PROFILE,
    click.option(
        "--plain-http", is_flag=True, help="Allow http:// to other machines, where others can read the token."
    ),
    click.option("--json", "json_lines", is_flag=True, help="Say everything as JSON, one object a line."),
    click.option("--quiet", "-q", is_flag=True, help="Say only what went wrong."),
)


def with_setting(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the shared options; ``command`` gets them as its first argument. Its refusals are told as they say."""

    @wraps(command)
    def run(
        *, url: str, token_file: str, profile: str, plain_http: bool, json_lines: bool, quiet: bool, **own: object
    ) -> object:
        asked = Asked(url=url, token_file=token_file, profile=profile, plain_http=plain_http)
        setting = Setting(asked=asked, json_lines=json_lines, quiet=quiet)
        try:
            return command(setting, **own)
        except ActionsError as exc:
            setting.report().refused(str(exc), exc.exit_code)
            return exc.exit_code

    for option in reversed(_SHARED):
        run = option(run)
    return run


profile_option = _PROFILE
