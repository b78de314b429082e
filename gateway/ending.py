"""Ends a command on a signal, or where nobody reads on: with one line and no traceback."""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

# What a shell says of a command that Ctrl-C ended.
STOPPED = 128 + signal.SIGINT
# What argparse ends with.
WRONG_USAGE = 2
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP)


def run_to_its_end(command: Callable[[], int]) -> int:
    """The exit code of ``command``: 130 after SIGINT, SIGTERM or SIGHUP, 0 where its output has no reader.

    1 where its output cannot be written to the end, 2 for an argument of bytes that are no text. Characters that the terminal cannot show are written as escapes.
    """
    # SIGINT too: a shell that starts this in the background has it ignored.
    for number in (signal.SIGINT, signal.SIGTERM, *_of_a_lost_terminal()):
        signal.signal(number, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # A shell may have closed it.
            _show_everything(stream)
    if not _are_text(sys.argv):
        refuse("an argument is not text in UTF-8")
        return WRONG_USAGE
    try:
        code = command()
        return _flushed() or code
    except KeyboardInterrupt:
        _tell("\nstopped\n")
        return STOPPED
    except BrokenPipeError:
        unread = [stream for stream in (sys.stdout, sys.stderr) if not _is_read(stream)]
        # A connection of its own breaks in this way too, and that is an error.
        if not unread:
            raise
        for stream in unread:
            _drop(stream)
        return 0


@contextmanager
def held_back() -> Iterator[None]:
    """Signals to end wait until this is over: around a change of their handlers, or a lock that an exception would leave held."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def is_told_to_end() -> bool:
    """Whether a signal waits that is held back."""
    return not signal.sigpending().isdisjoint(_ENDING)


def refuse(reason: str) -> int:
    """The exit code of a command that ends with ``reason``."""
    print(f"error: {reason}", file=sys.stderr)
    return 1


def _are_text(arguments: Sequence[str]) -> bool:
    # Python keeps bytes that it cannot read as halves of pairs, which no store, line or table takes.
    try:
        "".join(arguments).encode()
    except UnicodeEncodeError:
        return False
    return True


def _of_a_lost_terminal() -> tuple[signal.Signals, ...]:
    # Whoever has it ignored, as nohup does, wants to go on.
    return () if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else (signal.SIGHUP,)


def _flushed() -> int:
    """1 where what is left of the output cannot be written, such as on a full disk."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as exc:
        _drop(sys.stdout)
        _tell(f"error: the output cannot be written ({exc.strerror})\n")
        return 1
    return 0


def _is_read(stream: TextIO | None) -> bool:
    """False for a pipe whose reader went away."""
    if stream is None:
        return True
    look = select.poll()
    look.register(stream.fileno(), 0)  # Asked for nothing, it tells of errors alone.
    return not look.poll(0)


def _tell(line: str) -> None:
    # Nobody may read it, or a shell may have closed it.
    try:
        if sys.stderr is not None:
            sys.stderr.write(line)
            sys.stderr.flush()
    except OSError:
        _drop(sys.stderr)


def _drop(stream: TextIO | None) -> None:
    # What is left in the buffer would be an error once more as Python ends.
    if stream is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # A second one must not disturb the tidying up.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _show_everything(stream: TextIO) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
