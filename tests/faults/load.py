"""Many clients at once, over connections that they keep or not: every request sent is accounted for, answered or not."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Self

from tests.faults.house import new_ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.client import Answer, Client
    from tests.faults.house import Gateway


# A connection may have to wait until its worker has started, on a busy machine.
_PATIENCE_SECONDS = 60.0


class Load:
    """Use as a context manager: ``clients`` threads send small batches one after another until it ends.

    ``answers`` counts by status. ``lost`` are requests that were sent whole on a connection that was accepted and never
    got an answer; ``refused`` are connections that nobody accepted, and requests that the closing of a resting
    connection crossed (RFC 9112 section 9.3.1 lets a client repeat those). With ``connects_anew`` each request has a
    connection of its own, by ``dial``.
    """

    def __init__(
        self,
        gateway: Gateway,
        clients: int,
        items: int = 3,
        *,
        dial: Callable[[], Client] | None = None,
        connects_anew: bool = False,
        **headers: str,
    ) -> None:
        self.answers: Counter[int] = Counter()
        self.lost: list[str] = []
        self.refused = 0
        self.latencies: list[float] = []
        self.last_success = 0.0
        self._gateway = gateway
        self._items = items
        self._headers = headers
        self._dial = dial or gateway.dial
        self._connects_anew = connects_anew
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]

    def __enter__(self) -> Self:
        self._gateway.usual_token()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(60)

    @property
    def total(self) -> int:
        """Answers so far."""
        return self.answers.total()

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                client = self._dial()
            except OSError:
                self.refused += 1
                self._ending.wait(0.02)
                continue
            client.sock.settimeout(_PATIENCE_SECONDS)
            with client, contextlib.suppress(OSError, EOFError):
                self._talk(client)

    def _talk(self, client: Client) -> None:
        first = True
        while not self._ending.is_set():
            request = self._gateway.batch(*(next(new_ids) for _ in range(self._items)), **self._headers)
            began = time.monotonic()
            try:
                answer = client.send(request).read()
            except (OSError, EOFError) as exc:
                self._note_loss(exc, first)
                raise
            self._note(answer, began)
            if self._connects_anew or answer.headers.get("connection") == "close":
                return
            first = False

    def _note(self, answer: Answer, began: float) -> None:
        self.answers[answer.status] += 1
        self.latencies.append(time.monotonic() - began)
        if answer.status < 300:
            self.last_success = time.monotonic()

    def _note_loss(self, exc: Exception, first: bool) -> None:
        if first:
            self.lost.append(repr(exc))
        else:
            self.refused += 1
