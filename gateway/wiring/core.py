from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.resources.answer_map import read_answers
from gateway.settings.proxies import proxy_for
from gateway.wiring.core_map import map_of
from gateway.wiring.reachability import Reachability, told_kind
from legacy_client import (
    AdaptiveLimit,
    Anonymous,
    Circuit,
    ClientCredentials,
    CoreGate,
    ForwardedCredentials,
    LegacyClient,
    LockedGate,
    RetryBudget,
    RetryPolicy,
    StaticFileCredentials,
)
from legacy_client.sending.reading import is_readable
from legacy_client.transport.base import Limits, Tls
from legacy_client.transport.sessions.transport import SessionsTransport

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.settings.budgets import BudgetSettings
    from gateway.settings.core import CoreSettings
    from legacy_client import CoreCredentials, GateSnapshot
    from legacy_client.sending.shape import AnswerShape
    from legacy_client.transport.base import Gate, Transport

    FetchToken = Callable[[], tuple[str, float]]
# The adaptive limit always leaves so many calls: enough to notice that the core has recovered.
_LIMIT_FLOOR = 4


class CoreLink:
    def __init__(self, settings: CoreSettings, budgets: BudgetSettings, fetch_token: FetchToken) -> None:
        budget = RetryBudget(
            ratio=settings.retry_budget, window_seconds=settings.retry_budget_window, floor=settings.retry_budget_floor
        )
        shape = answer_shape(settings)
        self.gate = _gate(settings, budget, budgets.core_timeout, shape)
        self.transport = core_transport(settings, self.gate, budgets.core_timeout)
        self._credentials = core_credentials(settings, fetch_token)
        self.client = LegacyClient(
            settings.core_url,
            self.transport,
            credentials=self._credentials,
            retries=RetryPolicy(
                budget,
                attempts=settings.retry_attempts,
                base_seconds=settings.retry_base,
                cap_seconds=settings.retry_cap,
            ),
            honours_idempotency=settings.core_honours_idempotency,
            atomic_errors=settings.core_atomic_errors,
            max_answer_bytes=settings.core_max_answer_bytes,
            item_seconds=budgets.item_deadline,
            attempt_seconds=budgets.core_timeout,
            misread=self.gate.misread,
            shape=shape,
        )
        self._reachability = Reachability(self.client.ping, seconds=settings.core_connect_timeout)

    def check(self) -> dict[str, Any]:
        """Ready when the core can be reached and the circuit is not open."""
        snapshot = self.gate.snapshot()
        told = self._problem(snapshot)
        return {
            "ready": not told,
            "circuit": snapshot.circuit,
            "limit": snapshot.limit,
            "in_flight": snapshot.in_flight,
            **told,
            **self._refusal(),
        }

    def start(self) -> None:
        """In the background; failures are logged."""
        self._reachability.start()
        if isinstance(self._credentials, ClientCredentials):
            threading.Thread(target=self._credentials.prepare, name="core-token", daemon=True).start()

    def _problem(self, snapshot: GateSnapshot) -> dict[str, str]:
        # A check would only load a core that fails.
        if snapshot.circuit == "open":
            reason, detail = snapshot.last_failure
            return {"reason": reason, "detail": detail}
        problem = self._reachability.problem()
        return {} if problem is None else {"reason": told_kind(problem), "detail": problem.reason}

    def _refusal(self) -> dict[str, str]:
        """Keycloak's refusal of a token for us."""
        # This does not end readiness: partners get a 502 that names the cause, which an unready service could not send.
        own = self._credentials
        refusal = own.refusal if isinstance(own, ClientCredentials) else ""
        return {"credentials": refusal} if refusal else {}


def answer_shape(settings: CoreSettings) -> AnswerShape:
    """Raises SettingsError."""
    with map_of(settings) as text:
        return read_answers(text)


def _gate(
    settings: CoreSettings, budget: RetryBudget, attempt_seconds: float, shape: AnswerShape
) -> CoreGate | LockedGate:
    circuit = Circuit(
        window_seconds=settings.circuit_window,
        min_calls=settings.circuit_min_calls,
        open_seconds=settings.circuit_open,
    )
    gate = CoreGate(
        ceiling=settings.core_concurrency,
        circuit=circuit if settings.circuit_enabled else None,
        limit=AdaptiveLimit(floor=_LIMIT_FLOOR, ceiling=settings.core_concurrency) if settings.limit_adaptive else None,
        budget=budget,
        attempt_seconds=attempt_seconds,
        is_readable=partial(is_readable, shape=shape),
    )
    # The engine uses its gate from one loop only. Threads meet in the other transport's gate.
    return gate if settings.core_transport == "hub" else LockedGate(gate)


def core_transport(settings: CoreSettings, gate: Gate, attempt_seconds: float) -> Transport:
    limits = Limits(
        connections=settings.core_concurrency,
        attempt_seconds=attempt_seconds,
        connect_seconds=settings.core_connect_timeout,
        idle_seconds=settings.core_keepalive,
        max_age_seconds=settings.core_connection_age or float("inf"),
        max_answer_bytes=settings.core_max_answer_bytes,
        deadline_header=settings.core_deadline_header,
    )
    tls = Tls(ca_file=settings.core_ca_file, cert_file=settings.core_cert_file, key_file=settings.core_key_file)
    if settings.core_transport == "sessions":
        return SessionsTransport(settings.core_url, gate=gate, limits=limits, tls=tls)
    # Only this transport needs gevent.
    from legacy_client.transport.hub import HubTransport

    proxy = proxy_for(settings.core_proxy, settings.core_url)
    return HubTransport(settings.core_url, gate=gate, limits=limits, tls=tls, proxy=proxy)


def core_credentials(settings: CoreSettings, fetch_token: FetchToken) -> CoreCredentials:
    if settings.core_auth == "none":
        return Anonymous()
    if settings.core_auth == "client_credentials":
        return ClientCredentials(fetch_token)
    if settings.core_auth == "forward":
        return ForwardedCredentials()
    return StaticFileCredentials(Path(settings.core_auth_file), own=frozenset({settings.core_deadline_header.lower()}))
