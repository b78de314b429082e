"""gunicorn's settings: ``gunicorn -c python:gateway.server wsgi:app``. Each differs from a default for a reason."""

from __future__ import annotations

import sys

from gateway.settings import SettingsError, load

try:
    _settings = load()
except SettingsError as exc:
    sys.exit(f"gateway: {exc}")

bind = _settings.bind
workers = _settings.workers
# A greenlet a connection: a slow client holds no thread, and one loop serves all sockets to the core.
worker_class = "gateway.worker.GatewayWorker"
worker_connections = 2000
# Each worker listens on a socket of its own, so that the kernel spreads connections between them.
reuse_port = _settings.workers > 1
# The arbiter kills a worker whose loop stands still this long; a batch that waits does not count as standing still.
timeout = 30
# A stopping worker may finish what it has taken; the request's own budget ends before.
graceful_timeout = int(_settings.graceful_timeout) + 1
keepalive = 30
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190
# No second way in beside the socket that is bound.
control_socket_disable = True
# The request log is the gateway's own; gunicorn's lines go through the same pipeline.
accesslog = None
