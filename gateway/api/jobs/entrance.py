from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.api.body import document_in, read_body
from gateway.api.jobs.refusals import no_jobs, told
from gateway.api.json_size import JsonSize
from gateway.api.request import current_request
from gateway.api.validation import document_refusal
from gateway.resources.resource import permissions_of
from schemas.base import InvalidDocument
from schemas.jobs import MOST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.api.guard import Guard
    from gateway.api.jobs.parts import PartReader
    from gateway.api.request import GatewayRequest
    from gateway.auth.principal import Principal
    from gateway.jobs.availability import Availability
    from gateway.jobs.dispatch.port import Dispatch
    from gateway.jobs.job import Job
    from gateway.jobs.store import JobStore
    from gateway.resources.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class JobServices:
    """``repeats_unknown``: the core honours per-item keys. ``is_ending``: this worker is to stop."""

    guard: Guard
    parts: PartReader
    store: JobStore
    dispatch: Dispatch
    availability: Availability
    max_items: int
    repeats_unknown: bool
    is_ending: Callable[[], bool]

    def demand_workers(self) -> None:
        """Raises Problem 503."""
        # The reason is for operators; readiness and the log have it.
        if reason := self.availability.reason():
            raise no_jobs(reason)


class Entrance:
    """What each view of jobs does first. The caller must hold the permission of the job's resource."""

    def __init__(self, resources: Sequence[Resource], services: JobServices) -> None:
        self.resources = {resource.plural: resource for resource in resources}
        self.default = resources[0]
        self._permissions = permissions_of(resources)
        self._services = services

    def enter(self) -> tuple[GatewayRequest, Principal]:
        """Hops 1 and 2."""
        request = current_request()
        self._services.parts.capacity.check()
        return request, self._services.guard.identify(request, *self._permissions)

    def found(self, request: GatewayRequest, caller: Principal, job_id: str) -> tuple[Job, Resource]:
        with told(self.default):
            job = self._services.store.get(caller.id, job_id)
        request.job = job.id
        resource = self.resources.get(job.resource, self.default)
        if len(self._permissions) > 1:
            self._services.guard.identify(request, resource.permission)
        return job, resource

    def small_body(self, request: GatewayRequest, caller: Principal) -> bytes:
        """Empty where there is none."""
        parts = self._services.parts
        if not (request.body_size or request.header("Transfer-Encoding")):
            return b""
        with parts.capacity.body_memory() as take_memory, parts.unsent.charged(request, caller, take_memory) as take:
            return read_body(request, parts.body_limits, take, parts.let_others_run)

    def loaded(self, body: bytes, load: Callable[[object], dict[str, Any]], name: str) -> dict[str, Any]:
        document = document_in(body, JsonSize(*MOST), self._services.parts.let_others_run) if body else {}
        try:
            return load(document)
        except InvalidDocument as exc:
            raise document_refusal(exc, name, self.default.id_name) from exc
