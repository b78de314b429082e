"""Keycloak's error shape, and its faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.server.faults import common_faults
from sandbox.server.messages import Answer, Refusal, json_answer

if TYPE_CHECKING:
    from sandbox.server.faults import Fault

SLOW_SECONDS = 3.0


def refuse(status: int, error: str, description: str = "") -> Refusal:
    """``{"error", "error_description"}`` (RFC 6749 §5.2), to raise."""
    body = {"error": error, "error_description": description} if description else {"error": error}
    return Refusal(json_answer(body, status))


def plain_error(status: int) -> Answer:
    """What Keycloak answers where no protocol speaks."""
    return json_answer({"error": "HTTP 404 Not Found" if status == 404 else "unknown_error"}, status)


def identity_faults() -> dict[str, Fault]:
    """Every fault of the identity provider by name."""
    return common_faults(plain_error, SLOW_SECONDS)
