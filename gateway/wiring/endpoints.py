from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.api import batches, bulk, integrations
from gateway.api.batches import BatchesEndpoint
from gateway.api.body_limits import BodyLimits
from gateway.api.bulk_services import BulkServices
from gateway.api.guard import Guard
from gateway.api.integrations import IntegrationEndpoint
from gateway.api.jobs import routes as jobs
from gateway.api.jobs.endpoint import JobEndpoint
from gateway.api.jobs.entrance import JobServices
from gateway.api.jobs.one_part import OnePart
from gateway.api.jobs.parts import PartReader
from gateway.api.pages import limits
from gateway.api.pages.limits import BatchLimits, LimitsEndpoint
from gateway.api.quota import Quota
from gateway.api.routes import register
from gateway.auth.scopes import Permissions
from gateway.wiring.jobs import job_bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.api.application import Application
    from gateway.api.capacity import Capacity
    from gateway.api.idempotency import Claims
    from gateway.api.unsent import UnsentRate
    from gateway.audit.trail import Trail
    from gateway.partners.directory import Partners
    from gateway.resources.resource import Resource
    from gateway.settings import Settings
    from gateway.telemetry.instruments import Instruments
    from gateway.wiring.backends import Backends


@dataclass(frozen=True)
class Endpoints:
    """``let_others_run`` is called while a large batch is checked."""

    settings: Settings
    backends: Backends
    capacity: Capacity
    unsent: UnsentRate
    claims: Claims
    instruments: Instruments
    let_others_run: Callable[[], None]
    trail: Trail | None
    partners: Partners | None

    def add_to(self, app: Application, resources: Sequence[Resource]) -> None:
        of_jobs = self.jobs()
        services = self.bulk(of_jobs)
        register(app, [bulk.blueprint(resource, services) for resource in resources])
        repeats_unknown = self.settings.core.core_honours_idempotency
        register(app, [batches.blueprint(BatchesEndpoint(resources, services, repeats_unknown=repeats_unknown))])
        register(app, [limits.blueprint(LimitsEndpoint(resources, services.guard, self.batch_limits()))])
        register(app, [jobs.blueprint(JobEndpoint(resources, of_jobs))])
        register(app, [integrations.blueprint(self.integration())])

    def bulk(self, of_jobs: JobServices) -> BulkServices:
        settings = self.settings
        return BulkServices(
            capacity=self.capacity,
            guard=of_jobs.guard,
            quota=Quota("items", self.backends.item_rates),
            unsent=self.unsent,
            claims=self.claims,
            core=self.backends.core,
            body_limits=self._body_limits(),
            deadline_seconds=settings.budgets.batch_deadline,
            concurrency=settings.core.batch_concurrency,
            traces=self.instruments.traces,
            log_failed_items=settings.service.log_failed_items,
            let_others_run=self.let_others_run,
            trail=self.trail,
            core_concurrency=settings.core.core_concurrency,
            one_part=None if settings.core.core_auth == "forward" else OnePart(of_jobs, self.claims),
        )

    def jobs(self) -> JobServices:
        stores, access = self.backends.jobs, self.settings.access
        return JobServices(
            guard=self._guard(required_role=access.required_role, required_scope=access.required_scope),
            parts=PartReader(
                capacity=self.capacity,
                unsent=self.unsent,
                body_limits=self._body_limits(),
                let_others_run=self.let_others_run,
            ),
            store=stores.jobs,
            dispatch=stores.dispatch,
            availability=stores.availability,
            max_items=self.settings.jobs.max_job_items,
            repeats_unknown=self.settings.core.core_honours_idempotency,
            is_ending=lambda: self.capacity.is_draining,
        )

    def batch_limits(self) -> BatchLimits:
        settings = self.settings
        return BatchLimits(
            max_items=settings.service.max_batch_items,
            max_bytes=settings.service.max_body_bytes,
            concurrency=settings.core.batch_concurrency,
            deadline_seconds=settings.budgets.batch_deadline,
            kept_seconds=settings.stores.idempotency_ttl,
            languages=settings.service.languages,
            rates=self.backends.item_rates,
            jobs=None if settings.core.core_auth == "forward" else job_bounds(settings.jobs),
        )

    def integration(self) -> IntegrationEndpoint:
        return IntegrationEndpoint(
            capacity=self.capacity,
            guard=self._guard(),
            quota=Quota("requests", self.backends.key_rates),
            unsent=self.unsent,
            core=self.backends.core,
            body_limits=self._body_limits(),
            deadline_seconds=self.settings.budgets.item_deadline,
            let_others_run=self.let_others_run,
            trail=self.trail,
        )

    def _guard(self, *, required_role: str = "", required_scope: str = "") -> Guard:
        authenticators = self.backends.authenticators
        permissions = Permissions(
            [authenticator.method for authenticator in authenticators],
            required_role=required_role,
            required_scope=required_scope,
        )
        return Guard(authenticators, permissions, "gateway", self.partners)

    def _body_limits(self) -> BodyLimits:
        return BodyLimits(max_bytes=self.settings.service.max_body_bytes, seconds=self.settings.budgets.body_timeout)
