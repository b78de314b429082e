"""What the service reaches outside its process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from gateway.api import integrations
from gateway.batch import run as batch
from gateway.serving.quiet import QuietMoment
from gateway.wiring.access import Access, key_records
from gateway.wiring.core import CoreLink
from gateway.wiring.jobs import JobWatch, job_stores
from gateway.wiring.stores import Stores, ready_in_spite_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gateway.admission.idempotency.store import IdempotencyStore
    from gateway.admission.rates.limits import RateLimits
    from gateway.auth.principal import Authenticator
    from gateway.settings import Settings
    from gateway.wiring.jobs import JobStores
    from legacy_client.health.snapshot import GateSnapshot
    from legacy_client.transport.base import Backlog


# How long a busy worker may put off what its batches write.
_WRITE_SECONDS = 0.02


class Core(batch.Core, integrations.Core, Protocol): ...


class Closable(Protocol):
    @property
    def close(self) -> Callable[[], None]: ...


@dataclass(frozen=True, kw_only=True)
class Backends:
    """``backlog`` gives the calls that wait for the core. ``checks`` decide readiness.

    ``health`` is from the core's gate. ``job_numbers`` are gauges. ``keys_age`` is in seconds; None: no keys are fetched.
    ``close`` ends what was opened and begun here; call it last.
    """

    core: Core
    backlog: Callable[[], Backlog]
    health: Callable[[], GateSnapshot]
    keys_age: Callable[[], float | None]
    keys_file_problem: Callable[[], str]
    authenticators: Sequence[Authenticator]
    idempotency: IdempotencyStore
    item_rates: RateLimits
    key_rates: RateLimits
    unsent_rates: RateLimits
    jobs: JobStores
    job_numbers: Callable[[], Mapping[tuple[str, ...], float]]
    checks: Mapping[str, Callable[[], dict[str, Any]]]
    close: Callable[[], None]


def connect(settings: Settings) -> Backends:
    """Starts without waiting. Raises SettingsError."""
    stores, jobs = Stores(settings, QuietMoment(_WRITE_SECONDS).wait), job_stores(settings)
    access = Access(settings.access, key_records(settings.stores))
    access.start()
    core = CoreLink(settings.core, settings.budgets, access.core_token(settings.core))
    core.start()
    watch = JobWatch(settings)
    watch.start()
    return Backends(
        core=core.client,
        backlog=core.transport.backlog,
        health=core.gate.snapshot,
        keys_age=access.keys_age,
        keys_file_problem=access.keys_file_problem,
        authenticators=access.authenticators,
        idempotency=stores.idempotency,
        item_rates=stores.item_rates,
        key_rates=stores.key_rates,
        unsent_rates=stores.unsent_rates,
        jobs=jobs,
        job_numbers=watch.numbers,
        checks={
            "core": core.check,
            "keycloak": access.check,
            "idempotency": stores.check,
            "jobs": jobs.availability.check,
            "api_keys": lambda: ready_in_spite_of(access.api_keys_problem()),
        },
        close=lambda: _close(stores, access, watch, jobs),
    )


def _close(*opened: Closable) -> None:
    for each in opened:
        each.close()
