"""Celery on Redis, with a pool of processes. Which trap each setting is for stands in docs/operators/jobs.md.

A message is a permit like any other, so what the engine loses or doubles costs seconds, and no item.
"""

from __future__ import annotations

import contextlib
import mmap
import ssl
from importlib import metadata
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from celery import Celery, signals
from kombu.exceptions import OperationalError

from gateway.admission.idempotency.errors import StoreUnavailable
from gateway.admission.redis_client import REDIS_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.jobs.store import WorkerStore

QUEUE = "gateway-jobs"
# Celery's shortest visibility timeout of all apps with the same keys wins, so these are the gateway's own.
KEY_PREFIX = "gateway:{job-messages}:"
_TASK = "gateway.jobs.run_chunk"
_LEAST_VERSION = (5, 7)
_SSL_OPTIONS = frozenset({"ssl_ca_certs", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname", "ssl_keyfile"})
_BROKER_ERRORS: tuple[type[Exception], ...] = (OperationalError, OSError, *REDIS_ERRORS)
_SETTINGS = {
    # A message outlives the process that took it.
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "task_ignore_result": True,
    "task_serializer": "json",
    "accept_content": ["json"],
    "worker_send_task_events": False,
    "worker_enable_remote_control": False,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "worker_soft_shutdown_timeout": 40.0,
    # A child makes its engine before it counts as alive.
    "worker_proc_alive_timeout": 60.0,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "broker_transport_options": {
        "visibility_timeout": 120,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "health_check_interval": 10,
        "socket_connect_timeout": 5,
        "global_keyprefix": KEY_PREFIX,
    },
}


class CeleryDispatch:
    """``begin`` is called in each process of the pool before its first chunk, ``end`` after its last."""

    def __init__(
        self, url: str, processes: int, *, begin: Callable[[], object] = bool, end: Callable[[], object] = bool
    ) -> None:
        self._processes = processes
        self._begin = begin
        self._end = end
        self._app = Celery("gateway.jobs", broker=url, set_as_current=False)
        self._app.conf.update(_SETTINGS, task_default_queue=QUEUE, broker_use_ssl=_verified(url))
        # The processes of the pool see what the main one writes here, and a handler of a signal may write it.
        self._stopping = mmap.mmap(-1, 1)

    def ring(self, permits: int) -> None:
        try:
            for _ in range(permits):
                self._app.send_task(_TASK, retry=False)
        except _BROKER_ERRORS as exc:
            raise _unavailable(exc) from exc

    def depth(self) -> int:
        try:
            with self._app.connection_or_acquire() as connection:
                return int(connection.default_channel.client.llen(QUEUE))
        except _BROKER_ERRORS as exc:
            raise _unavailable(exc) from exc

    def is_stopping(self) -> bool:
        return self._stopping[0] != 0

    def stop(self, **_: Any) -> None:
        self._stopping[0] = 1

    def serve(self, run_one: Callable[[], bool]) -> None:
        """Until SIGTERM. What runs then ends with the rest open."""

        def run_chunk() -> None:
            # A message that was taken before the stop, or that the broker did not take: the sweeper rings again.
            if not self.is_stopping() and run_one():
                with contextlib.suppress(StoreUnavailable):
                    self.ring(1)

        self._app.task(run_chunk, name=_TASK)
        self._connect()
        # No other pool can be asked for: one of greenlets loses what it runs.
        worker = self._app.Worker(
            pool="prefork",
            concurrency=self._processes,
            optimization="fair",
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            quiet=True,
        )
        worker.start()

    def _connect(self) -> None:
        connections: list[tuple[Any, Callable[..., Any]]] = [
            (signals.worker_process_init, lambda **_: self._begin()),
            (signals.worker_process_shutdown, lambda **_: self._end()),
            (signals.worker_shutting_down, self.stop),
            # Where this has a receiver, Celery leaves the log as it is.
            (signals.setup_logging, lambda **_: None),
        ]
        for signal, receive in connections:
            signal.connect(receive, weak=False)


class Forwarder:
    """Makes messages of the permits that stand in the store: gateways ring there, and need no Celery."""

    def __init__(self, store: WorkerStore, dispatch: CeleryDispatch, most: Callable[[], int]) -> None:
        """``most``: how many messages may wait. What is beyond is dropped, and the sweeper rings again."""
        self._store = store
        self._dispatch = dispatch
        self._most = most

    def turn(self) -> None:
        """Raises StoreUnavailable."""
        if permits := self._store.permits():
            room = self._most() - self._dispatch.depth()
            self._dispatch.ring(max(0, min(permits, room)))
            self._store.ring(-permits)


def unfit(url: str) -> str:
    """Why Celery cannot be run over ``url``, or nothing."""
    for name in ("celery", "kombu"):
        found = metadata.version(name)
        if not _LEAST_VERSION <= tuple(map(int, found.split(".")[:2])) < (6, 0):
            return f"{name} {found} loses messages; it must be at least 5.7, and less than 6"
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss"):
        return "Celery needs a broker of the form redis://HOST:PORT/DB or rediss://… (GATEWAY_JOB_BROKER_URL)"
    options = {option.partition("=")[0] for option in parts.query.split("&") if option}
    if not options <= _SSL_OPTIONS:
        return f"the broker's URL must have no options but {', '.join(sorted(_SSL_OPTIONS))} (GATEWAY_JOB_BROKER_URL)"
    return ""


def _verified(url: str) -> dict[str, Any] | None:
    """Certificates are checked where the URL does not say otherwise."""
    if urlsplit(url).scheme != "rediss" or "ssl_cert_reqs" in url:
        return None
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED}


def _unavailable(error: Exception) -> StoreUnavailable:
    # The text of the error may repeat the URL.
    return StoreUnavailable(f"the broker cannot be had: {type(error).__name__}")
