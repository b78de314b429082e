"""Flask without what it would serve or redirect by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.routing import MapAdapter

from gateway.api.request import GatewayRequest, GatewayResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Request

    from gateway.serving.plan import WorkerPlan


class Application(Flask):
    """``plan``: for the worker; the operators' application has none."""

    request_class = GatewayRequest
    response_class = GatewayResponse
    plan: WorkerPlan

    def __init__(self, name: str) -> None:
        super().__init__(name, static_folder=None)
        self.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
        self.url_map.merge_slashes = False
        # No route depends on the host, and without a name of its own Flask would refuse some hosts.
        self.config["SERVER_NAME"] = "localhost"

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        if request is None:
            return super().create_url_adapter(None)
        # Neither scheme nor host choose a route, so nobody need look them up.
        return MapAdapter(self.url_map, "localhost", "/", "", "http", request.path, request.method)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        # No view is a coroutine. Flask would look at each function of each request.
        return func
