"""A client for the legacy core, in the core's own words."""

from legacy_client import charset_guess as charset_guess  # before any other module loads requests
from legacy_client.call_context import CallContext
from legacy_client.calls import Update
from legacy_client.client import LegacyClient
from legacy_client.credentials import (
    Anonymous,
    ClientCredentials,
    CoreCredentials,
    ForwardedCredentials,
    StaticFileCredentials,
)
from legacy_client.deadline import Deadline
from legacy_client.errors import CoreError
from legacy_client.health.budget import RetryBudget
from legacy_client.health.circuit import Circuit
from legacy_client.health.gate import CoreGate
from legacy_client.health.limit import AdaptiveLimit
from legacy_client.health.locked_gate import LockedGate
from legacy_client.health.snapshot import GateSnapshot
from legacy_client.sending.retry import RetryPolicy

__all__ = [
    "AdaptiveLimit",
    "Anonymous",
    "CallContext",
    "Circuit",
    "ClientCredentials",
    "CoreCredentials",
    "CoreError",
    "CoreGate",
    "Deadline",
    "ForwardedCredentials",
    "GateSnapshot",
    "LegacyClient",
    "LockedGate",
    "RetryBudget",
    "RetryPolicy",
    "StaticFileCredentials",
    "Update",
]
