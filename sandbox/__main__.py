"""``python -m sandbox COMMAND``."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from gateway.ending import run_to_its_end

if TYPE_CHECKING:
    from collections.abc import Sequence


_MODULES = {
    "demo": "sandbox.demo",
    "serve": "sandbox.serve",
    "core": "sandbox.core.command",
    "identity": "sandbox.identity.command",
    "seeds": "sandbox.seeds",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="The gateway's surroundings on one machine.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    # Imported here, so that Ctrl-C is quiet in this moment too; that of the command alone, as the gateway's settings take long.
    for name in [word for word in arguments[:1] if word in _MODULES] or _MODULES:
        import_module(_MODULES[name]).add_parser(commands)
    options = parser.parse_args(arguments)
    code: int = options.run(options)
    return code


if __name__ == "__main__":
    sys.exit(run_to_its_end(main))
