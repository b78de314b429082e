from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from gateway.admission.idempotency.errors import StoreUnavailable
from gateway.admission.outage import said
from gateway.admission.redis_client import REDIS_ERRORS, connect
from gateway.expiring import CoolDown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis import Redis

    from gateway.jobs.job import Bounds

# An outage costs one timeout in this time, and not one per request.
_PAUSE_SECONDS = 1.0
PREFIX = "gateway:{jobs.2}:"


class Steps:
    """Runs scripts. All errors are StoreUnavailable. ``now`` is taken for Redis' own time, for tests."""

    def __init__(
        self,
        url: str,
        bounds: Bounds,
        *,
        lease_seconds: float,
        timeout_seconds: float = 1.0,
        url_now: Callable[[], str] | None = None,
        now: Callable[[], float | str] = str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client: Redis = connect(url, timeout_seconds, url_now)
        self._scripts: dict[str, Any] = {}
        self._now = now
        self._cool_down = CoolDown(_PAUSE_SECONDS, clock)
        # Who asks during the pause is told the fault that began it.
        self._reason = ""
        self.bounds = bounds
        self.lease_seconds = lease_seconds
        self.close = self._client.close

    def time(self) -> float:
        """For the order of ids, which hosts whose clocks differ may see otherwise."""
        return float(self._now() or time.time())

    def run(self, script: str, *arguments: str | bytes | float) -> list[Any]:
        """The script's answer. Raises StoreUnavailable."""
        registered = self._registered(script)
        answer: list[Any] = self._asked(lambda: registered([PREFIX], [self._now(), *arguments]))
        return answer

    def run_each(self, script: str, of_each: Sequence[Sequence[str | bytes | float]]) -> list[list[Any]]:
        """The script's answers to all of them, in one round trip. Raises StoreUnavailable."""

        def ask() -> list[list[Any]]:
            pipeline = self._client.pipeline(transaction=False)
            for arguments in of_each:
                self._registered(script)([PREFIX], [self._now(), *arguments], client=pipeline)
            answers: list[list[Any]] = pipeline.execute()
            return answers

        found: list[list[Any]] = self._asked(ask)
        return found

    def _registered(self, script: str) -> Any:
        return self._scripts.get(script) or self._scripts.setdefault(script, self._client.register_script(script))

    def read(self, *commands: Sequence[str | bytes | float]) -> list[Any]:
        """The answers of plain commands, whose second word is a key without the prefix. Raises StoreUnavailable."""

        def ask() -> list[Any]:
            pipeline = self._client.pipeline(transaction=False)
            for name, key, *more in commands:
                pipeline.execute_command(name, f"{PREFIX}{key!s}", *more)  # type: ignore[no-untyped-call]  # the library leaves it untyped
            return pipeline.execute()

        answers: list[Any] = self._asked(ask)
        return answers

    def unfit(self) -> str:
        """Why this Redis would lose jobs, or empty. What it does not tell is taken for right."""
        policy = self._configured("maxmemory-policy", "noeviction")
        return "" if policy == "noeviction" else f"Redis would evict jobs: maxmemory-policy is {policy}, not noeviction"

    def risk(self) -> str:
        """What a restart of this Redis, or its memory, would cost; or empty."""
        if self._configured("appendonly", "yes") != "yes":
            return "jobs end with this Redis: appendonly is no"
        if self._configured("appendfsync", "everysec") == "no":
            return "half a minute of jobs may end with the host of this Redis: appendfsync is no"
        # Nothing at all can be written to a Redis that is full, keys of batches neither.
        memory, bound = int(self._configured("maxmemory", "0")), self.bounds.store_bytes
        if 0 < memory < bound:
            return f"this Redis is full before the store of jobs is: maxmemory is {memory}, GATEWAY_JOB_STORE_BYTES {bound}"
        return ""

    def _configured(self, name: str, usual: str) -> str:
        try:
            return str(self._client.config_get(name).get(name, usual))
        except REDIS_ERRORS:
            return usual  # Managed ones often refuse the question.

    def ping(self) -> StoreUnavailable | None:
        try:
            self._client.ping()
        except REDIS_ERRORS as exc:
            return _unavailable(exc)
        return None

    def _asked(self, ask: Callable[[], Any]) -> Any:
        if not self._cool_down.is_over:
            raise StoreUnavailable(self._reason)
        try:
            return ask()
        except REDIS_ERRORS as exc:
            self._cool_down.begin()
            failure = _unavailable(exc)
            self._reason = failure.reason
            raise failure from exc


def _unavailable(error: Exception) -> StoreUnavailable:
    return StoreUnavailable(f"{type(error).__name__}: {said(error)}")


def by_name(pairs: Sequence[bytes]) -> dict[str, bytes]:
    """What HGETALL gives."""
    return {name.decode(): value for name, value in zip(pairs[::2], pairs[1::2], strict=True)}
