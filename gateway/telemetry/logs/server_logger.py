from __future__ import annotations

from typing import TYPE_CHECKING

from gunicorn.glogging import Logger

from gateway.telemetry.logs.format import configure

if TYPE_CHECKING:
    from gunicorn.config import Config


def server_logger(log_format: str, level: str) -> type[Logger]:
    """Configures logging for the whole process."""

    class ServerLogger(Logger):  # type: ignore[misc]  # gunicorn is untyped
        def setup(self, cfg: Config) -> None:
            super().setup(cfg)
            self.error_log.handlers.clear()
            self.error_log.propagate = True
            configure(log_format, level)

    return ServerLogger
