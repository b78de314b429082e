"""Why a run could not begin or go on.

::

    ActionsError            a sentence for the user; ``exit_code`` for the command
    ├─ Usage                what was asked for cannot be done
    ├─ Refused              the gateway, the login or the input says no; nothing more was sent
    │  ├─ InvalidInput      rows that break the contract
    │  ├─ NoAnswer          nobody answers at an address; later somebody may
    │  └─ NotAllowed        401 or 403 that a renewal did not cure
    ├─ InUse                another process works on the same input
    ├─ Exhausted            too many chunks in a row without a success, or nobody answers
    ├─ NotEnded             a job goes on without this client
    └─ Unwritable           the journal cannot be written, so nothing more is sent
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.problem import RowError


class Exit(IntEnum):
    """The command's exit codes."""

    ALL = 0
    FAULT = 1
    USAGE = 2
    PARTIAL = 3
    NONE = 4
    REFUSED = 5
    NOT_ENDED = 6
    INTERRUPTED = 130


def counted(count: int, thing: str) -> str:
    """``1 row is``, ``2 rows are``."""
    many = f"{thing}es" if thing.endswith("ch") else f"{thing}s"
    return f"1 {thing} is" if count == 1 else f"{count:,} {many} are"


class ActionsError(Exception):
    exit_code = Exit.FAULT


class Usage(ActionsError):
    exit_code = Exit.USAGE


class Refused(ActionsError):
    exit_code = Exit.REFUSED


class NotAllowed(Refused):
    """The credentials do not suffice."""


class InvalidInput(Refused):
    """``errors`` are the first of ``total``, in the order of the input; ``rows`` of the input have any."""

    def __init__(self, errors: Sequence[RowError], total: int, rows: int) -> None:
        first = f": {errors[0]}" if errors else ""
        super().__init__(f"{counted(rows, 'row')} invalid, and nothing was sent{first}")
        self.errors = list(errors)
        self.total = total
        self.rows = rows


class NoAnswer(Refused):
    """Nothing need be mended here: the same command may do later."""

    exit_code = Exit.NOT_ENDED


class InUse(Refused):
    """Another process holds the journal."""


class Exhausted(ActionsError):
    """Whether something was applied decides the exit code."""

    exit_code = Exit.PARTIAL


class NotEnded(ActionsError):
    """The same run fetches its outcome later."""

    exit_code = Exit.NOT_ENDED


class Unwritable(ActionsError):
    """The message names the file and the reason."""
