"""Parts of the client as most tests want them; a test names only what it is about."""

from __future__ import annotations

from typing import Any

from legacy_client.client import LegacyClient
from legacy_client.health.budget import RetryBudget
from legacy_client.health.circuit import Circuit
from legacy_client.health.gate import CoreGate
from legacy_client.sending.reading import AnswerReader
from legacy_client.sending.retry import RetryPolicy
from legacy_client.transport.base import Limits


def some_limits(**given: Any) -> Limits:
    usual = {
        "connections": 64,
        "attempt_seconds": 5.0,
        "connect_seconds": 1.0,
        "idle_seconds": 4.0,
        "max_age_seconds": float("inf"),
        "max_answer_bytes": 1_048_576,
        "deadline_header": "X-Request-Timeout-Ms",
    }
    return Limits(**(usual | given))


def some_circuit(**given: Any) -> Circuit:
    return Circuit(**({"window_seconds": 10.0, "min_calls": 20, "open_seconds": 5.0} | given))


def some_budget(**given: Any) -> RetryBudget:
    return RetryBudget(**({"ratio": 0.1, "window_seconds": 10.0, "floor": 3} | given))


def some_policy(budget: RetryBudget, **given: Any) -> RetryPolicy:
    return RetryPolicy(budget, **({"attempts": 3, "base_seconds": 0.05, "cap_seconds": 1.0} | given))


def some_gate(**given: Any) -> CoreGate:
    """Without a circuit or a limit, unless it is given one."""
    usual = {"circuit": None, "limit": None, "budget": some_budget(), "attempt_seconds": 5.0}
    return CoreGate(**(usual | {"is_readable": lambda _response: True} | given))


def some_reader(**given: Any) -> AnswerReader:
    return AnswerReader(**({"atomic_errors": False, "max_answer_bytes": 10_000, "misread": lambda _name: None} | given))


def some_client(url: str, transport: Any, **given: Any) -> LegacyClient:
    usual = {
        "honours_idempotency": False,
        "atomic_errors": False,
        "max_answer_bytes": 1_048_576,
        "item_seconds": 15.0,
        "attempt_seconds": 5.0,
        "misread": lambda _name: None,
    }
    return LegacyClient(url, transport, **(usual | given))
