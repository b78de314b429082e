from __future__ import annotations

from typing import TYPE_CHECKING

import gevent

if TYPE_CHECKING:
    from collections.abc import Callable


def aside(work: Callable[[], None]) -> None:
    """Wait for ``work`` in a thread of the system, so that the loop goes on while a disk or a pipe is slow.

    Raises what it raises.
    """
    error = gevent.get_hub().threadpool.apply(_error_of, (work,))
    if error is not None:
        raise error


def _error_of(work: Callable[[], None]) -> Exception | None:
    # The pool prints an error that leaves it, with all that the work was given.
    try:
        work()
    except Exception as exc:  # noqa: BLE001 -- raised again where the work is waited for
        return exc
    return None
