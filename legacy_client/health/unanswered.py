"""Whether the core answers nobody, judged by calls that had too little time each."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class UnansweredTime:
    """The seconds in which the core was asked and answered nobody.

    An answer ends it, and so does a pause of ``seconds``.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._answers = 0
        self._asked = 0.0
        self._noted_at = float("-inf")

    def note(self, answers: int, seconds: float) -> bool:
        """A call of ``seconds`` ended unanswered: whether nobody was answered for long enough by now.

        ``answers`` counts all answers so far.
        """
        now = self._clock()
        since = now - self._noted_at
        if answers != self._answers:
            # Nobody knows when in that time the answer came, so none of the time counts.
            self._asked = 0.0
        elif since - seconds > self._seconds:
            self._asked = seconds
        else:
            # Calls at the same time count once.
            self._asked += min(seconds, since)
        self._answers, self._noted_at = answers, now
        return self._asked >= self._seconds
