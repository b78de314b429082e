"""gunicorn's settings: ``gunicorn -c python:gateway.server wsgi:app``."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gunicorn.util import is_ipv6, parse_address

from gateway import compiled
from gateway.serving import starting
from gateway.settings import SettingsError, load, variable
from gateway.settings.effective import in_force
from gateway.settings.field import Fault
from gateway.settings.files import unwritable
from gateway.settings.service import most_workers, too_many
from gateway.settings.stores import StoreSettings
from gateway.telemetry.logs.server_logger import server_logger
from gateway.telemetry.metrics import worker_files as shared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gunicorn.arbiter import Arbiter

    from gateway.serving.worker import GatewayWorker
    from gateway.settings import Settings

_log = logging.getLogger(__name__)


def _unwritable_folder(settings: Settings) -> Iterator[Fault]:
    reason = unwritable(settings.stores.state_dir) if settings.service.metrics != "off" else ""
    if reason:
        yield Fault("state_dir", f"cannot be written to ({reason})", value=str(settings.stores.state_dir))


try:
    _settings = load(also=_unwritable_folder)
except SettingsError as exc:
    sys.exit(exc.report())

# Not in a hook: SIGHUP reads this again, and so keeps the operators' port.
bind = [_settings.service.bind]
if _settings.service.metrics == "port":
    bind.append(f"{_settings.service.metrics_bind}:{_settings.service.metrics_port}")
workers = _settings.service.workers
# A greenlet for each connection, so that a slow client holds no thread.
worker_class = "gateway.serving.worker.GatewayWorker"
worker_connections = 2000
# Each worker listens on a socket of its own, so that the kernel spreads connections between them.
reuse_port = _settings.service.workers > 1
# The arbiter kills a worker whose loop stands still this long. A waiting batch does not stop the loop.
timeout = 30
# A stopping worker finishes its requests; their own budget ends before.
graceful_timeout = int(_settings.budgets.graceful_timeout) + 1
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190
# No peer may say how the service was reached; gunicorn would believe any on loopback.
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
# gunicorn would take another parser, with other limits, if it is installed.
http_parser = "python"
# No second way in.
control_socket_disable = True
# The request log is the gateway's; gunicorn's lines take the same way.
accesslog = None
logger_class = server_logger(_settings.service.log_format, _settings.service.log_level)


def on_starting(server: Arbiter) -> None:
    """Refuse what only the server can see."""
    if reason := compiled.refusal():
        sys.exit(f"gateway: {reason}")
    if server.cfg.preload_app:
        sys.exit(
            "gateway: --preload is refused: connections, locks and threads of the application must not cross a fork"
        )
    if not set(bind[1:]) <= set(server.cfg.bind):
        sys.exit("gateway: GATEWAY_METRICS=port needs an address of its own: set GATEWAY_BIND instead of -b")
    # -w and WEB_CONCURRENCY set the number too.
    if server.cfg.workers > most_workers() and not _settings.service.many_workers:
        sys.exit(f"gateway: workers: {too_many(server.cfg.workers)}")
    _check_addresses(server.cfg.bind)
    if _settings.service.metrics != "off":
        try:
            os.environ[shared.VARIABLE] = str(shared.make_folder(_settings.stores.state_dir))
        except OSError as exc:
            told = f"cannot be written to ({exc.strerror}); it is {str(_settings.stores.state_dir)!r}"
            sys.exit(f"gateway: {variable('state_dir')}: {told}")
    _log.info("server_starting", extra=in_force(_settings))
    if _settings.stores.state_dir == StoreSettings.state_dir:
        _log.warning("state_in_temporary_folder", extra={"folder": str(StoreSettings.state_dir)})
    if not _settings.access.required_role and not _settings.access.required_scope:
        _log.warning("access_unrestricted", extra={"audience": _settings.access.keycloak_audience})


def pre_fork(server: Arbiter, worker: object) -> None:  # noqa: ARG001 -- gunicorn's signature
    starting.before_fork(server)


def post_fork(server: Arbiter, worker: GatewayWorker) -> None:
    starting.after_fork(server, worker)


def child_exit(server: Arbiter, worker: object) -> None:  # noqa: ARG001 -- gunicorn's signature
    """Its gauges no longer count."""
    if folder := os.environ.get(shared.VARIABLE):
        shared.forget_dead(Path(folder))


def on_exit(server: Arbiter) -> None:  # noqa: ARG001 -- gunicorn's signature
    if folder := os.environ.get(shared.VARIABLE):
        shutil.rmtree(folder, ignore_errors=True)


def _check_addresses(bound: list[str]) -> None:
    """This host must have each address."""
    # gunicorn would try for seconds, and name no setting.
    for name, text in zip(("bind", "metrics_bind"), bind, strict=False):
        address = parse_address(text)
        if text in bound and isinstance(address, tuple):
            family = socket.AF_INET6 if is_ipv6(address[0]) else socket.AF_INET
            try:
                with socket.socket(family) as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(address)
            except OSError as exc:
                # A predecessor may still use it; gunicorn waits for that.
                if exc.errno != errno.EADDRINUSE:
                    sys.exit(f"gateway: {variable(name)}: cannot be listened on ({exc.strerror})")
