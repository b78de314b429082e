"""The paths of jobs (``contract.md`` 1.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.admission.idempotency.key import fingerprint
from gateway.api.answers import json_answer
from gateway.api.disconnect import has_left
from gateway.api.idempotency import read_key
from gateway.api.jobs import looks, queries, results
from gateway.api.jobs.entrance import Entrance
from gateway.api.jobs.parts import digest_of
from gateway.api.jobs.refusals import told
from gateway.api.jobs.shown import shown
from gateway.api.options import read_options, refuse_parameters
from gateway.api.request import GatewayResponse
from gateway.jobs.chunk import Part
from gateway.jobs.job import NewJob
from gateway.jobs.retry import retry
from gateway.problems import Problem
from schemas.jobs import MOST_PARTS, StartSchema, loader, new_job_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.api.jobs.entrance import JobServices
    from gateway.api.request import GatewayRequest
    from gateway.auth.principal import Principal
    from gateway.jobs.job import Job
    from gateway.jobs.results import ResultPage
    from gateway.resources.resource import Resource

_MOST_WAIT_SECONDS = 60


class JobEndpoint:
    """Another's job is not found."""

    def __init__(self, resources: Sequence[Resource], services: JobServices) -> None:
        self._entrance, self._services = Entrance(resources, services), services
        self._load_new = loader(new_job_schema([*self._entrance.resources], services.max_items))
        self._load_start = loader(StartSchema())

    def create(self) -> GatewayResponse:
        request, caller = self._entrance.enter()
        refuse_parameters(request)
        self._services.demand_workers()
        key, body = read_key(request), self._entrance.small_body(request, caller)
        wanted = self._entrance.loaded(body, self._load_new, "job")
        resource = self._entrance.resources[wanted["resource"]]
        caller = self._services.guard.identify(request, resource.permission)
        new = NewJob(
            resource=resource.plural,
            label=wanted["label"],
            max_failed_percent=wanted["max_failed_percent"],
            pause_after=wanted["pause_after"],
            key=key,
            fingerprint=fingerprint(request.method, request.path, body),
            request_id=request.id,
            traceparent=request.traceparent(),
        )
        with told(resource):
            job, is_new = self._services.store.create(caller.id, new)
        request.job = job.id
        return looks.answer(job, 201, {} if is_new else {"Idempotency-Replayed": "true"})

    def put_part(self, job_id: str, number: str) -> GatewayResponse:
        request, caller = self._entrance.enter()
        refuse_parameters(request)
        services = self._services
        services.parts.unsent.check(request, caller)
        job, resource = self._entrance.found(request, caller, job_id)
        with (
            services.parts.capacity.body_memory() as take_memory,
            services.parts.unsent.charged(request, caller, take_memory) as take,
        ):
            body = services.parts.read(request, take)
            part = Part(_part_number(number), digest_of(body), request.traceparent())
            with told(resource):
                is_known = services.store.has_part(caller.id, job.id, part)
            if is_known:
                services.parts.unsent.charge(request, caller, len(body))
            else:
                self._take_part(request, caller, resource, job, part, body)
        return GatewayResponse(status=204)

    def _take_part(
        self, request: GatewayRequest, caller: Principal, resource: Resource, job: Job, part: Part, body: bytes
    ) -> None:
        store = self._services.store
        try:
            calls = self._services.parts.calls(request, resource, caller, body)
        except Problem:
            # The job must not start without what was meant to be in it.
            with told(resource):
                store.refuse_part(caller.id, job.id, part.number)
            raise
        with told(resource):
            store.put_part(caller.id, job.id, part, calls)

    def start(self, job_id: str) -> GatewayResponse:
        request, caller = self._entrance.enter()
        is_rehearsed = queries.is_dry_run(request)
        job, resource = self._entrance.found(request, caller, job_id)
        wanted = self._entrance.loaded(self._entrance.small_body(request, caller), self._load_start, "start of a job")
        if not is_rehearsed:
            self._services.demand_workers()
        with told(resource):
            job = self._services.store.start(caller.id, job.id, wanted["parts"], dry_run=is_rehearsed)
            if is_rehearsed:
                return looks.answer(job, 200)
            self._services.dispatch.ring(1)
        return looks.answer(job, 202)

    def show(self, job_id: str) -> GatewayResponse:
        """Waits for a change where the caller prefers to (RFC 7240 section 4.3)."""
        request, caller = self._entrance.enter()
        refuse_parameters(request)
        wait_seconds = read_options(request).wait_seconds
        job, resource = self._entrance.found(request, caller, job_id)
        if wait_seconds is None or not job.is_live:
            return looks.answer_if_new(request, job, {})

        def look() -> Job:
            with told(resource):
                return self._services.store.get(caller.id, job.id)

        seconds = min(wait_seconds, _MOST_WAIT_SECONDS)
        now = looks.changed(request, job, look, seconds, self._services.is_ending)
        return looks.answer_if_new(request, now, {"Preference-Applied": f"wait={seconds}"})

    def list(self) -> GatewayResponse:
        request, caller = self._entrance.enter()
        most, before = queries.page_wish(request)
        with told(self._entrance.default):
            page = self._services.store.jobs(caller.id, most=most, before=before)
        listed: dict[str, object] = {"data": [shown(job) for job in page.jobs]}
        if page.before:
            listed["before"] = page.before
        return json_answer(listed, headers={"Cache-Control": "no-store"})

    def results(self, job_id: str) -> GatewayResponse:
        request, caller = self._entrance.enter()
        wish = queries.results_wish(request)
        job, resource = self._entrance.found(request, caller, job_id)
        services, store = self._services, self._services.store

        def page(since: str) -> ResultPage:
            return store.results(caller.id, job.id, outcome=wish.outcome, since=since)

        reading = results.Reading(
            page=page,
            follow=wish.follow,
            is_ending=lambda: services.is_ending() or has_left(request.environ),
            let_others_run=services.parts.let_others_run,
        )
        try:
            since = results.cursor_in(job.id, wish.since)
            with told(resource):
                first = page(since)
        except ValueError as exc:
            raise Problem("unknown-parameter", f"since {exc}.") from exc
        return results.answer(request, results.Results(resource, job.id, reading), first, since)

    def pause(self, job_id: str) -> GatewayResponse:
        return self._change(job_id, self._services.store.pause)

    def resume(self, job_id: str) -> GatewayResponse:
        answer = self._change(job_id, self._services.store.resume)
        with told(self._entrance.default):
            self._services.dispatch.ring(1)
        return answer

    def end(self, job_id: str) -> GatewayResponse:
        """A live job is cancelled, an ended one removed."""
        request, caller = self._entrance.enter()
        refuse_parameters(request)
        job, resource = self._entrance.found(request, caller, job_id)
        with told(resource):
            if job.is_live:
                return looks.answer(self._services.store.cancel(caller.id, job.id), 202)
            self._services.store.remove(caller.id, job.id)
        return GatewayResponse(status=204)

    def retry(self, job_id: str) -> GatewayResponse:
        request, caller = self._entrance.enter()
        refuse_parameters(request)
        self._services.demand_workers()
        job, resource = self._entrance.found(request, caller, job_id)
        services = self._services
        new = NewJob(
            resource=job.resource,
            label=job.label,
            max_failed_percent=job.max_failed_percent,
            retry_of=job.id,
            request_id=request.id,
            traceparent=request.traceparent(),
        )
        with told(resource):
            again = retry(
                services.store,
                caller.id,
                job.id,
                new,
                repeats_unknown=services.repeats_unknown,
                let_others_run=services.parts.let_others_run,
            )
            services.dispatch.ring(1)
        return looks.answer(again, 202)

    def _change(self, job_id: str, change: Callable[[str, str], Job]) -> GatewayResponse:
        request, caller = self._entrance.enter()
        refuse_parameters(request)
        job, resource = self._entrance.found(request, caller, job_id)
        with told(resource):
            return looks.answer(change(caller.id, job.id), 200)


def _part_number(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
    if not 1 <= number <= MOST_PARTS:
        detail = f"The parts of a job are numbered from 1 to {MOST_PARTS:,}."
        raise Problem("job-too-large", detail, max_parts=MOST_PARTS)
    return number
