"""``python -m cli``, and the way in of ``actions``."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    try:
        from cli.commands.main import main as command  # here, since Ctrl-C may come while it is loaded
    except KeyboardInterrupt:
        sys.exit(130)
    command()


if __name__ == "__main__":
    main()
