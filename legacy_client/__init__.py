"""A client for the legacy core, in the core's own words; it could be published on its own."""

from legacy_client.budget import RetryBudget
from legacy_client.calls import ActionUpdate, CallContext, IntegrationActionReplacement
from legacy_client.circuit import Circuit
from legacy_client.client import LegacyClient
from legacy_client.credentials import (
    ClientCredentials,
    Credentials,
    ForwardedCredentials,
    NoCredentials,
    StaticFileCredentials,
)
from legacy_client.deadline import Deadline
from legacy_client.errors import CoreError
from legacy_client.gate import CoreGate, GateSnapshot, LockedGate
from legacy_client.limit import AdaptiveLimit
from legacy_client.retry import RetryPolicy

__all__ = [
    "ActionUpdate",
    "AdaptiveLimit",
    "CallContext",
    "Circuit",
    "ClientCredentials",
    "CoreError",
    "CoreGate",
    "Credentials",
    "Deadline",
    "ForwardedCredentials",
    "GateSnapshot",
    "IntegrationActionReplacement",
    "LegacyClient",
    "LockedGate",
    "NoCredentials",
    "RetryBudget",
    "RetryPolicy",
    "StaticFileCredentials",
]
