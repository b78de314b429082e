"""The service with a look at its loop, for ``gunicorn "tests.faults.watched:service()"``: tells how long others had no turn.

In processor time of the worker: what the machine gives to other processes is none of its doing.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import gevent

if TYPE_CHECKING:
    from flask import Flask

HELD = "LOOP_HELD_MS="
_LOOK_SECONDS = 0.001
_TELL_SECONDS = 1.0


def _watch() -> None:
    while True:
        longest, told_at = 0.0, time.monotonic()
        while time.monotonic() - told_at < _TELL_SECONDS:
            before = time.process_time()
            gevent.sleep(_LOOK_SECONDS)
            longest = max(longest, time.process_time() - before)
        sys.stderr.write(f"{HELD}{1000 * longest:.1f}\n")


def held(log: str) -> float:
    """The longest of which this log tells, in milliseconds."""
    return max((float(line.removeprefix(HELD)) for line in log.splitlines() if line.startswith(HELD)), default=0.0)


def service() -> Flask:
    """The application, watched."""
    from wsgi import app  # Made here, in a worker, and not where the log is only read.

    gevent.spawn(_watch)
    return app
