"""Ends a command on a signal, or where nobody reads on: with one line and no traceback."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

# What a shell says of a command that Ctrl-C ended.
STOPPED = 128 + signal.SIGINT


def run_to_its_end(command: Callable[[], int]) -> int:
    """The exit code of ``command``: 130 after SIGINT or SIGTERM, 0 where its output has no reader.

    Characters that the terminal cannot show are written as escapes.
    """
    # SIGINT too: a shell that starts this in the background has it ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # A shell may have closed it.
            _show_everything(stream)
    try:
        code = command()
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped\n")
        return STOPPED
    except BrokenPipeError:
        # What is left in the buffer would be an error once more as Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # A second one must not disturb the tidying up.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _show_everything(stream: TextIO) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
