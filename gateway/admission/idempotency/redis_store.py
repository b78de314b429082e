"""Idempotency records in Redis, for the workers of all hosts.

A record is a hash, its events a list. Its lease expires by Redis' clock.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

from gateway.admission.idempotency import redis_scripts as scripts
from gateway.admission.idempotency.errors import (
    FingerprintMismatch,
    InProgress,
    LeaseLost,
    RecordUnusable,
    StoreUnavailable,
)
from gateway.admission.idempotency.keeping import Keeper
from gateway.admission.idempotency.key import derive_prefix, record_id
from gateway.admission.idempotency.store import look_at, open_claim
from gateway.admission.idempotency.undo import Undoing
from gateway.admission.outage import said
from gateway.admission.redis_client import REDIS_ERRORS, connect
from gateway.expiring import CoolDown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from redis import Redis
    from redis.commands.core import Script

    from gateway.admission.idempotency.claim import Claim
    from gateway.admission.idempotency.journal import Kept, Subject
    from gateway.admission.idempotency.policy import ClaimPolicy

# An outage costs one timeout in this time, and not one per request.
_PAUSE_SECONDS = 1.0
_PAGE_BYTES = 262_144


class RedisIdempotencyStore:
    """After a failure, claims are refused for a second."""

    def __init__(
        self,
        url: str,
        policy: ClaimPolicy,
        *,
        timeout_seconds: float = 0.1,
        clock: Callable[[], float] = time.monotonic,
        url_now: Callable[[], str] | None = None,
    ) -> None:
        self._policy = policy
        self._redis = _Scripts(connect(url, timeout_seconds, url_now), policy)
        self._cool_down = CoolDown(_PAUSE_SECONDS, clock)
        self._undoing = Undoing(_PAUSE_SECONDS)
        self._keeper = Keeper()

    def claim(
        self,
        principal_id: str,
        key: str,
        fingerprint: str,
        items: int,
        let_others_run: Callable[[], object] = bool,
        subject: Subject | None = None,
    ) -> Claim:
        record = self._record(principal_id, key)
        try:
            answer, number, *rest = record.claim(fingerprint, self._policy.first_mark(items, subject))
        except StoreUnavailable:
            self._cool_down.begin()
            self._undoing.add(record)
            raise
        if answer == b"mismatch":
            raise FingerprintMismatch
        if answer == b"running":
            raise InProgress(number / 1000)
        prefix = derive_prefix(principal_id, key, fingerprint)
        return open_claim(
            record,
            record.events(number, *rest) if rest else (),
            is_held=answer == b"held",
            items=items,
            prefix=prefix,
            policy=self._policy,
            keeper=self._keeper,
            let_others_run=let_others_run,
        )

    def look(self, principal_id: str, key: str, let_others_run: Callable[[], object] = bool) -> Kept | None:
        record = self._record(principal_id, key)
        try:
            answer, number, *rest = record.look()
        except StoreUnavailable:
            self._cool_down.begin()
            raise
        if answer == b"running":
            raise InProgress(number / 1000)
        return look_at(record.events(number, *rest), let_others_run) if rest else None

    def ping(self) -> StoreUnavailable | None:
        return self._redis.ping()

    def waiting(self) -> int:
        return self._keeper.waiting

    def close(self) -> None:
        self._keeper.close()
        self._undoing.close()
        self._redis.close()

    def _record(self, principal_id: str, key: str) -> _RedisRecord:
        if not self._cool_down.is_over:
            raise StoreUnavailable("redis failed a moment ago")
        self._keeper.write_now()
        return _RedisRecord(self._redis, record_id(principal_id, key))


class _Scripts:
    """All errors are StoreUnavailable."""

    def __init__(self, client: Redis, policy: ClaimPolicy) -> None:
        self._client = client
        self._ttl = round(1000 * max(policy.ttl_seconds, policy.lease_seconds))
        self._lease = round(1000 * policy.lease_seconds)
        self.notice = round(1000 * policy.notice_seconds)
        self.claim = self._client.register_script(scripts.CLAIM)
        self.look = self._client.register_script(scripts.LOOK)
        self.read = self._client.register_script(scripts.READ)
        self.append = self._client.register_script(scripts.APPEND)
        self.undo = self._client.register_script(scripts.UNDO)
        self.close = self._client.close

    def run(self, script: Script, name: str, owner: str, *arguments: str | bytes | int) -> Any:
        """Raises StoreUnavailable."""
        keys = [f"gateway:idempotency:{{{name}}}:{part}" for part in ("record", "events", "lease")]
        try:
            return script(keys, [owner, self._ttl, self._lease, *arguments])
        except REDIS_ERRORS as exc:
            raise _unavailable(exc) from exc

    def ping(self) -> StoreUnavailable | None:
        try:
            self._client.ping()
        except REDIS_ERRORS as exc:
            return _unavailable(exc)
        return None


class _RedisRecord:
    """It has an owner of its own for each claim."""

    def __init__(self, run: _Scripts, name: str) -> None:
        self._redis = run
        self._name = name
        self._owner = secrets.token_hex(8)

    def claim(self, fingerprint: str, first_mark: bytes) -> Any:
        return self._redis.run(
            self._redis.claim, self._name, self._owner, fingerprint, first_mark, _PAGE_BYTES, self._redis.notice
        )

    def look(self) -> Any:
        return self._redis.run(self._redis.look, self._name, self._owner, _PAGE_BYTES, self._redis.notice)

    def events(self, count: int, stands: bytes, page: Sequence[bytes]) -> Iterator[bytes]:
        """In pages. Raises StoreUnavailable."""
        read = 0
        while page:
            yield from page
            read += len(page)
            if read == count:
                return
            page = self._redis.run(self._redis.read, self._name, self._owner, stands, read, count, _PAGE_BYTES)
        raise RecordUnusable("removed while it was read")

    def append(self, events: Sequence[bytes]) -> None:
        self._change(self._redis.append, "", *events)

    def close(self, events: Sequence[bytes], *, complete: bool) -> None:
        self._change(self._redis.append, "1" if complete else "0", *events)

    def rollback(self) -> None:
        self._change(self._redis.undo)

    def undo(self) -> None:
        self.rollback()

    def _change(self, script: Script, *arguments: str | bytes) -> None:
        if not self._redis.run(script, self._name, self._owner, *arguments):
            raise LeaseLost


def _unavailable(error: Exception) -> StoreUnavailable:
    return StoreUnavailable(f"{type(error).__name__}: {said(error)}")
