"""The three streams of a process, whatever it was started with."""

from __future__ import annotations

import io
import os
import sys
from typing import IO


def open_streams() -> None:
    """Closed ones lead nowhere, and what is written to a file or a pipe is UTF-8: it is input again."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, _nowhere(number, mode))
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name of a file that is no text is escaped, which is JSON too.
        sys.stdout.reconfigure(encoding=None if sys.stdout.isatty() else "utf-8", errors="backslashreplace")


def leave_output() -> None:
    """What is left of it goes nowhere: at the end of the process it would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _nowhere(number: int, mode: str) -> IO[str]:
    handle = os.open(os.devnull, os.O_RDWR)
    if handle != number:
        # Else the next file that is opened would take its place, and get what is written to the stream.
        os.dup2(handle, number)
        os.close(handle)
    return open(number, mode, encoding="utf-8", closefd=False)
