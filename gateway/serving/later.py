from __future__ import annotations

from typing import TYPE_CHECKING

from gevent import get_hub, spawn_raw

if TYPE_CHECKING:
    from collections.abc import Callable

    from gevent._types import _TimerWatcher


class Later:
    """Runs what it is given ``seconds`` later, in a greenlet of its own.

    Of several that were asked for meanwhile only the last runs. It must raise nothing.
    """

    # A thread that waits for an event, and then for its time, takes 150 µs of a busy worker each time.
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer: _TimerWatcher | None = None

    def __call__(self, work: Callable[[], None]) -> None:
        if self._timer is None:
            # Of the worker's own loop, which is not there before the fork. libev's `again` waits for the second, and
            # libuv's for the first when it is not under way.
            self._timer = get_hub().loop.timer(self._seconds, self._seconds)
        self._timer.again(self._run, work)

    def _run(self, work: Callable[[], None]) -> None:
        # A timer that is to start more than once repeats.
        if self._timer is not None:
            self._timer.stop()
        # The loop itself must not wait for a lock or a disk.
        spawn_raw(work)
