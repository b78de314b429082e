"""``actions completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_HOW = {
    "bash": 'eval "$(actions completion bash)"  in ~/.bashrc',
    "zsh": 'eval "$(actions completion zsh)"  in ~/.zshrc',
    "fish": "actions completion fish | source  in ~/.config/fish/config.fish",
}


@click.command(epilog="\b\n" + "\n".join(_HOW.values()))
@click.argument("shell", type=click.Choice(list(_HOW)))
@click.pass_context
def completion(context: click.Context, *, shell: str) -> int:
    """Print what makes SHELL complete the command's words."""
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"no completion for {shell}")
    root = context.find_root()
    click.echo(made(root.command, {}, "actions", "_ACTIONS_COMPLETE").source())
    return 0
