"""gunicorn's logger, its lines rendered as the gateway's own: ``logger_class`` of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gunicorn.glogging import Logger

from gateway.telemetry.logs.format import configure

if TYPE_CHECKING:
    from gunicorn.config import Config


def server_logger(log_format: str, level: str) -> type[Logger]:
    """The logger class for ``GATEWAY_LOG_FORMAT`` and ``GATEWAY_LOG_LEVEL``, which configures the whole process."""

    class ServerLogger(Logger):  # type: ignore[misc]  # gunicorn is untyped
        """Hands gunicorn's records to the root logger."""

        def setup(self, cfg: Config) -> None:
            """Called by gunicorn at its start and when it reloads its configuration."""
            super().setup(cfg)
            self.error_log.handlers.clear()
            self.error_log.propagate = True
            configure(log_format, level)

    return ServerLogger
