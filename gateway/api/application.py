"""Flask without what it would serve or redirect by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from gateway.api.request import GatewayRequest, GatewayResponse

if TYPE_CHECKING:
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
