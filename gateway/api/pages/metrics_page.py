"""``/metrics`` in Prometheus' text format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from gateway.telemetry.metrics.registry import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def blueprint(render: Callable[[], bytes]) -> Blueprint:
    """``render`` gives all workers' numbers."""
    routes = Blueprint("metrics", __name__)

    @routes.get("/metrics")
    def metrics() -> Response:
        return Response(render(), content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})

    return routes


class OwnPort:
    """A WSGI application: operators' pages on ``port``, the public endpoints on all others."""

    def __init__(self, public: Application, operators: Application, port: int) -> None:
        self._public = public
        self._operators = operators
        self._port = port

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        application = self._operators if self._is_own(environ) else self._public
        return application(environ, start_response)

    def _is_own(self, environ: dict[str, Any]) -> bool:
        if environ["SERVER_PORT"] != str(self._port):
            return False
        # Behind a Unix socket SERVER_PORT comes from the caller's Host header.
        listener = environ.get("gunicorn.socket")
        return listener is None or listener.getsockname()[1:2] == (self._port,)
