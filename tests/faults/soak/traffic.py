"""Partners: each sends one batch after another, some with keys, some badly; what is left open under a key is sent again."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from tests.faults.client import Client
from tests.faults.house import BULK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.faults.soak.ledger import Ledger

_FIRST_ID, _IDS = 19_000, 1000
_TOKEN_SECONDS = 60.0
_MOST_REPEATS = 30


class Batch(NamedTuple):
    """The items' marks, the body that carries them, and the key, empty without one."""

    marks: list[int]
    body: bytes
    key: str


class Partners:
    """``count`` clients at work until told to end; ``mend`` then repeats what is still open under a key.

    Each request goes to one of the gateways at ``urls``, with what ``token`` gives.
    """

    def __init__(self, urls: Sequence[str], token: Callable[[], str], ledger: Ledger, count: int, seed: int) -> None:
        self._urls = urls
        self._new_token = token
        self._ledger = ledger
        self._open: deque[tuple[float, int, Batch]] = deque()
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(seed + n,), daemon=True) for n in range(count)]
        self._token, self._token_until = "", 0.0
        self.items = 0
        self.latencies: list[float] = []

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Send nothing new."""
        self._ending.set()
        for thread in self._threads:
            thread.join(60)

    def mend(self, seconds: float) -> None:
        """Repeat what is open under a key, for as long."""
        until = time.monotonic() + seconds
        while self._open and time.monotonic() < until:
            if not self._repeat_one():
                time.sleep(0.05)

    def _run(self, seed: int) -> None:
        dice = random.Random(seed)
        while not self._ending.is_set():
            if dice.random() < 0.3 and self._repeat_one():
                continue
            marks = self._ledger.new_marks(dice.choice((1, 3, 10, 10, 40)))
            ids = dice.sample(range(_FIRST_ID, _FIRST_ID + _IDS), len(marks))
            items = [{"actionId": str(i), "title": {"en": str(mark)}} for i, mark in zip(ids, marks, strict=True)]
            batch = Batch(marks, json.dumps({"data": items}).encode(), uuid4().hex if dice.random() < 0.6 else "")
            self.items += len(marks)
            self._send(batch, 0, dice)

    def _repeat_one(self) -> bool:
        """Send again the batch that has waited longest, if its time has come."""
        try:
            due_at, repeats, batch = self._open.popleft()
        except IndexError:
            return False
        if time.monotonic() < due_at:
            self._open.append((due_at, repeats, batch))
            return False
        self._send(batch, repeats + 1, random.Random(repeats))
        return True

    def _send(self, batch: Batch, repeats: int, dice: random.Random) -> None:
        wait = 0.2
        began = time.monotonic()
        try:
            with Client(dice.choice(self._urls)) as client:
                client.send(self._head(batch))
                if self._misbehaves(client, batch, dice):
                    return
                answer = client.send(batch.body).read()
            self.latencies.append(time.monotonic() - began)
            self._ledger.note_answer(batch.marks, answer.status, answer.json())
            wait = float(answer.headers.get("retry-after", "0.2"))
        except (OSError, EOFError) as exc:
            self._ledger.note_loss(batch.marks, type(exc).__name__)
        if batch.key and repeats < _MOST_REPEATS and not self._ledger.is_settled(batch.marks):
            self._open.append((time.monotonic() + wait, repeats, batch))

    def _misbehaves(self, client: Client, batch: Batch, dice: random.Random) -> bool:
        """One in fifty leaves amid its body, one in fifty right after it; whoever has a key comes back for the answer."""
        fate = dice.random()
        if fate >= 0.04:
            return False
        client.send(batch.body[: -len(batch.body) // 2] if fate < 0.02 else batch.body)
        client.reset()
        self._ledger.note_loss(batch.marks, "left")
        if batch.key:
            self._open.append((time.monotonic() + 0.2, 0, batch))
        return True

    def _head(self, batch: Batch) -> bytes:
        key = f"Idempotency-Key: {batch.key}\r\n" if batch.key else ""
        return (
            f"PATCH {BULK} HTTP/1.1\r\nHost: soak\r\nAuthorization: Bearer {self._fresh_token()}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(batch.body)}\r\n{key}\r\n"
        ).encode()

    def _fresh_token(self) -> str:
        """The last token had, while the identity provider is away."""
        if time.monotonic() > self._token_until:
            try:
                self._token, self._token_until = self._new_token(), time.monotonic() + _TOKEN_SECONDS
            except OSError:
                self._token_until = time.monotonic() + 1.0
        return self._token
