"""A partner of a running stack: verbs for the two contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.web import Reply, call

if TYPE_CHECKING:
    from sandbox.stack import Stack

BULK = "/openapi/api/v1/actions"


class Partner:
    """Sends requests to the stack's gateway, or that at ``url``, with ``token`` or one of ``client`` unless told otherwise."""

    def __init__(self, stack: Stack, client: str = "partner", *, url: str = "", token: str = "") -> None:
        self.stack = stack
        self._url = url
        self._authorization = f"Bearer {token or stack.token(client)}"

    def patch(self, *items: dict[str, Any], query: str = "", seconds: float = 60.0, **headers: str) -> Reply:
        """One batch."""
        return self.call("PATCH", BULK + query, {"data": list(items)}, seconds=seconds, **headers)

    def put(self, integration: str, action: str, body: Any, key: str, **headers: str) -> Reply:
        """One integration action, with an API key."""
        path = f"/integrations/v1/{integration}/actions/{action}"
        return self.call("PUT", path, body, authorization=f"Bearer {key}", **headers)

    def call(self, method: str, path: str, body: object = None, *, seconds: float = 60.0, **headers: str) -> Reply:
        """Any request; ``idempotency_key="k"`` is the header Idempotency-Key."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"authorization": self._authorization, **named}
        return call(method, (self._url or self.stack.gateway.url) + path, json_body=body, headers=sent, seconds=seconds)


class CoreView:
    """What the stack's core has seen."""

    def __init__(self, stack: Stack) -> None:
        self._core = stack.core

    def counts(self) -> dict[str, Any]:
        """Calls in all, applied, replayed, by status, most in flight."""
        counts: dict[str, Any] = self._core.control("GET", "calls")
        return counts

    def journal(self) -> list[dict[str, Any]]:
        """Every applied call, oldest first."""
        entries: list[dict[str, Any]] = self._core.control("GET", "journal")["data"]
        return entries

    def script(self, **kinds: list[str]) -> None:
        """Faults of the next calls by id: ``script(a19001=["503", "ok"])``."""
        self._core.control("PUT", "faults", {name.lstrip("a"): list(faults) for name, faults in kinds.items()})

    def weather(self, **wanted: Any) -> None:
        """``latency_ms``, ``fault_rate``, ``faults`` of every call to come."""
        self._core.control("PUT", "weather", wanted)
