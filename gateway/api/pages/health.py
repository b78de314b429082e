"""``/livez`` and ``/readyz`` (``contract.md`` section 5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response

from gateway.api.answers import json_answer

Check = Callable[[], dict[str, Any]]
"""A readiness check: ``{"ready": bool, …details}``."""


def without_details(checks: Mapping[str, Check]) -> dict[str, Check]:
    """For everybody: which checks fail, and not why."""
    return {name: lambda check=check: {"ready": check()["ready"]} for name, check in checks.items()}  # type: ignore[misc]  # a default binds each


def blueprint(checks: Mapping[str, Check], *, is_compiled: bool) -> Blueprint:
    routes = Blueprint("health", __name__)

    @routes.get("/livez")
    def live() -> Response:
        return json_answer({"status": "ok"})

    @routes.get("/readyz")
    def ready() -> Response:
        details = {name: check() for name, check in checks.items()}
        is_ready = all(detail["ready"] for detail in details.values())
        status = {"status": "ready" if is_ready else "not ready", "compiled": is_compiled, "checks": details}
        return json_answer(status, 200 if is_ready else 503, {} if is_ready else {"Retry-After": "1"})

    return routes
