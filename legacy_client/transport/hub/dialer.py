from __future__ import annotations

from typing import TYPE_CHECKING

from legacy_client.transport.hub.dialing import Dialing

if TYPE_CHECKING:
    from collections.abc import Callable

    from gevent._types import _Loop

    from legacy_client.errors import CoreError
    from legacy_client.transport.hub.channel import Channel
    from legacy_client.transport.hub.dialing import Endpoint


class Dialer:
    """Times are in seconds, on ``clock``."""

    def __init__(self, loop: _Loop, endpoint: Endpoint, connect_seconds: float, clock: Callable[[], float]) -> None:
        self._loop = loop
        self._endpoint = endpoint
        self._connect_seconds = connect_seconds
        self._clock = clock
        self._dialings: set[Dialing] = set()

    def __bool__(self) -> bool:
        return bool(self._dialings)

    def dial(self, then: Callable[[Channel | CoreError], None], until: float, *, is_cut_short: bool = False) -> None:
        """Call ``then`` once, with a channel or the reason for none.

        ``is_cut_short``: ``until`` comes before the end of a whole attempt.
        """

        def over(dialing: Dialing, result: Channel | CoreError) -> None:
            self._dialings.discard(dialing)
            then(result)

        latest = self._clock() + self._connect_seconds
        dialing = Dialing(
            self._loop,
            self._endpoint,
            over,
            until=min(until, latest),
            is_cut_short=is_cut_short and until < latest,
            clock=self._clock,
        )
        self._dialings.add(dialing)
        dialing.start()

    def check(self, now: float) -> None:
        """Give up what has taken too long."""
        for dialing in tuple(self._dialings):
            dialing.check(now)

    def end(self, error: CoreError) -> None:
        for dialing in tuple(self._dialings):
            dialing.end(error)
