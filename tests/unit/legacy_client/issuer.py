"""A token endpoint."""

from __future__ import annotations

from legacy_client.call_context import CallContext
from legacy_client.deadline import Deadline

# Longer than any run of all tests.
CONTEXT = CallContext(concurrency=32, deadline=Deadline(86_400.0), authorization="Bearer the-callers")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class Issuer:
    """A token endpoint that counts, and fails when told."""

    def __init__(self, lifetime: float = 60.0) -> None:
        self.lifetime = lifetime
        self.fetches = 0
        self.fault: Exception | None = None

    def __call__(self) -> tuple[str, float]:
        self.fetches += 1
        if self.fault is not None:
            raise self.fault
        return f"token-{self.fetches}", self.lifetime
