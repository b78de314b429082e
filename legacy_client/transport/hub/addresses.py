"""The event loop never waits for a resolver."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING, Any

import gevent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Address = tuple[int, tuple[Any, ...]]
    Then = Callable[[Sequence[Address]], None]

_log = logging.getLogger(__name__)

# A core that moved may go on answering at its old address, so no address is used for long.
_MAX_AGE_SECONDS = 3.0
# After this time callers go on with the addresses that are known.
_LOOK_UP_SECONDS = 0.25


class Addresses:
    """As ``(family, sockaddr)``, in the resolver's order.

    After three seconds, or ``doubt``, callers wait for a fresh look-up, unless the resolver hangs.
    """

    def __init__(self, host: str, port: int, *, resolve: Callable[..., list[Any]], clock: Callable[[], float]) -> None:
        self._host = host
        self._port = port
        self._resolve = resolve
        self._clock = clock
        self._known: list[Address] = []
        self._looked_up_at = self._asked_at = 0.0
        self._doubted = True
        self._looking_up = False
        self._waiting: list[Then] = []

    def ask(self, then: Then) -> None:
        """Call ``then`` once they are known, with none if the name does not resolve."""
        now = self._clock()
        is_old = now - self._looked_up_at > _MAX_AGE_SECONDS
        hangs = self._looking_up and now - self._asked_at > _LOOK_UP_SECONDS
        if self._doubted or (is_old and not hangs):
            self._waiting.append(then)
            self._look_up()
        else:
            then(self._known)

    def make_do(self, then: Then) -> None:
        """Call ``then`` with the old addresses if it still waits."""
        if self._known and then in self._waiting:
            self.leave(then)
            then(self._known)

    def leave(self, then: Then) -> None:
        if then in self._waiting:
            self._waiting.remove(then)

    def demote(self, address: Address) -> None:
        """This address did not answer: others come first."""
        self._known.sort(key=address.__eq__)

    def doubt(self) -> None:
        """None of the addresses answers."""
        self._doubted = True

    def _look_up(self) -> None:
        if not self._looking_up:
            self._looking_up = True
            self._asked_at = self._clock()
            gevent.spawn(self._renew)

    def _renew(self) -> None:
        try:
            found = self._resolve(self._host, self._port, type=socket.SOCK_STREAM)
            self._known = list(dict.fromkeys((int(family), address) for family, _, _, _, address in found))
        except (OSError, UnicodeError) as exc:
            _log.warning("core_lookup_failed", extra={"host": self._host, "reason": str(exc)})
        finally:
            self._looked_up_at = self._clock()
            self._looking_up = self._doubted = False
            waiting, self._waiting = self._waiting, []
            for then in waiting:
                then(self._known)
