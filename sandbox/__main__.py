"""``python -m sandbox COMMAND``."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from gateway.ending import run_to_its_end

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    # Imported here, so that Ctrl-C is quiet in this moment too.
    from sandbox import demo, seeds, serve
    from sandbox.core import command as core
    from sandbox.identity import command as identity

    parser = argparse.ArgumentParser(prog="python -m sandbox", description="The gateway's surroundings on one machine.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (demo, serve, core, identity, seeds):
        command.add_parser(commands)
    options = parser.parse_args(arguments)
    code: int = options.run(options)
    return code


if __name__ == "__main__":
    sys.exit(run_to_its_end(main))
