"""A batch as a job of one part (``Prefer: respond-async``, RFC 7240 section 4.1; ``contract.md`` 1.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.admission.idempotency.key import fingerprint
from gateway.api.jobs import looks
from gateway.api.jobs.parts import digest_of
from gateway.api.jobs.refusals import told
from gateway.jobs.chunk import Part
from gateway.jobs.errors import JobError, StoreFull, TooManyItems, WrongState
from gateway.jobs.job import NewJob

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.api.idempotency import Claims
    from gateway.api.jobs.entrance import JobServices
    from gateway.api.request import GatewayRequest, GatewayResponse
    from gateway.auth.principal import Principal
    from gateway.batch.job_claim import JobClaim
    from gateway.jobs.job import Job
    from gateway.resources.resource import Resource
    from legacy_client.calls import Update


class OnePart:
    """For batches that were read and checked."""

    def __init__(self, services: JobServices, claims: Claims) -> None:
        self._services = services
        self._claims = claims

    def demand_workers(self) -> None:
        """Raises Problem 503."""
        self._services.demand_workers()

    def answer(
        self,
        request: GatewayRequest,
        caller: Principal,
        resource: Resource,
        key: str | None,
        body: bytes,
        calls: Sequence[Update],
    ) -> GatewayResponse:
        """202 and the job, started; the same one for the same key. Raises Problem."""
        new = NewJob(
            resource=resource.plural,
            key=key,
            fingerprint=fingerprint(request.method, request.path, body),
            request_id=request.id,
            traceparent=request.traceparent(),
        )
        with told(resource), self._claims.claim_job(request, key, caller, body) as claim:
            try:
                job, is_new = self._job(caller, new, Part(1, digest_of(body)), calls, claim)
            except JobError:
                self._services.parts.unsent.charge(request, caller, len(body))
                if claim:
                    claim.refuse()
                raise
        request.job = job.id
        if not is_new:
            self._services.parts.unsent.charge(request, caller, len(body))
        replayed = {} if is_new else {"Idempotency-Replayed": "true"}
        return looks.answer(job, 202, {"Preference-Applied": "respond-async", **replayed})

    def _job(
        self, caller: Principal, new: NewJob, part: Part, calls: Sequence[Update], claim: JobClaim | None
    ) -> tuple[Job, bool]:
        """And whether it is new. Raises JobError or StoreUnavailable."""
        store = self._services.store
        if claim and claim.job_id:
            return store.get(caller.id, claim.job_id), False
        job, is_new = store.create(caller.id, new)
        job = self._started(caller, job, part, calls)
        if claim:
            claim.keep(job.id)
        return job, is_new

    def _started(self, caller: Principal, job: Job, part: Part, calls: Sequence[Update]) -> Job:
        store = self._services.store
        try:
            store.put_part(caller.id, job.id, part, calls)
        except (StoreFull, TooManyItems):
            # Nothing of a refused batch stays.
            store.cancel(caller.id, job.id)
            store.remove(caller.id, job.id)
            raise
        except WrongState:
            # An earlier request with this key has started it.
            return store.get(caller.id, job.id)
        job = store.start(caller.id, job.id, part.number)
        self._services.dispatch.ring(1)
        return job
