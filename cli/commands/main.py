"""The command's front door: words, exit codes, and how it ends on a bad day."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING, NoReturn

import click

from cli.commands.completion import completion
from cli.commands.jobs import jobs
from cli.commands.limits import limits
from cli.commands.login import login, logout
from cli.commands.rehearsal import check_command
from cli.commands.resume import resume
from cli.commands.streams import leave_output, open_streams
from cli.commands.update import update
from cli.commands.version import show_version
from cli.errors import ActionsError, Exit

if TYPE_CHECKING:
    from types import FrameType

# \b keeps the lines of the next block as they are.
_EPILOG = """\
\b
First:
  actions login https://gateway.example \\
    --issuer https://login.example/realms/partners --client-id you
  actions update updates.csv

Environment: ACTIONS_URL, ACTIONS_TOKEN, or ACTIONS_ISSUER with ACTIONS_CLIENT_ID and ACTIONS_CLIENT_SECRET;
ACTIONS_STATE_DIR keeps journals, ACTIONS_CONFIG_DIR profiles; NO_COLOR."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=_EPILOG)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=show_version,
    help="Of the command, and of the gateway.",
)
def actions() -> None:
    """Send many updates of actions from a file, and know what became of each."""


for _command in (update, check_command, resume, jobs, limits, login, logout, completion):
    actions.add_command(_command)


def main() -> NoReturn:
    # An orchestrator's stop is as good as Ctrl-C: the journal is always true.
    signal.signal(signal.SIGTERM, _interrupt)
    open_streams()
    sys.exit(_run())


def _run() -> int:
    try:
        return int(actions.main(prog_name="actions", standalone_mode=False) or 0)
    except click.ClickException as exc:
        exc.show()
        return Exit.USAGE
    except (KeyboardInterrupt, click.Abort):
        click.echo("\nactions: interrupted; the same command goes on from here", err=True)
        return Exit.INTERRUPTED
    except ActionsError as exc:
        click.echo(f"actions: {exc}", err=True)
        return exc.exit_code
    except BrokenPipeError:
        # Who reads the output went away, as ``| head`` does; nothing can be said to them.
        leave_output()
        return Exit.FAULT
    except OSError as exc:
        # The output is full, or a disk fails.
        if exc.filename is None:
            leave_output()
        click.echo(f"actions: {exc.filename or 'the output'}: {exc.strerror or exc}", err=True)
        return Exit.FAULT
    except Exception as exc:  # noqa: BLE001 -- a user gets a sentence; who looks for the cause asks for more
        if os.environ.get("ACTIONS_DEBUG"):
            traceback.print_exc()
        click.echo(
            f"actions: a fault of this command ({type(exc).__name__}: {exc}); ACTIONS_DEBUG=1 shows where", err=True
        )
        return Exit.FAULT


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
