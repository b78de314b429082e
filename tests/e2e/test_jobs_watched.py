"""What a gateway does for jobs beside its requests: it sweeps, and tells operators how they stand."""

from __future__ import annotations

import time

import pytest

from gateway.jobs.availability import NO_WORKER
from gateway.settings import load
from gateway.wiring.jobs import job_stores
from sandbox.stack import Stack
from sandbox.web import call
from tests.doubles.job_worlds import started

pytestmark = pytest.mark.e2e


def test_a_job_that_nobody_runs_is_rung_for_and_told_of():
    with Stack({"CORE_AUTH": "none"}) as stack:
        settings = {name: value for name, value in stack.environment().items() if name.startswith("GATEWAY_")}
        stores = job_stores(load(settings))
        started(stores.jobs, [1])

        give_up = time.monotonic() + 60
        while not stores.chunks.permits() or "reason" not in _jobs_check(stack) or "queued" not in _gauges(stack):
            assert time.monotonic() < give_up
            time.sleep(0.2)

        assert _jobs_check(stack) == {"ready": True, "reason": NO_WORKER}
        assert _gauges(stack)["queued"] == "1.0"
        stores.close()


def test_a_gateway_that_forwards_tokens_makes_no_store_of_jobs():
    with Stack() as stack:
        assert _jobs_check(stack)["detail"].endswith("(GATEWAY_CORE_AUTH=forward)")
        assert not (stack.folder / "state" / "jobs.sqlite").exists()


def _jobs_check(stack):
    return call("GET", f"{stack.gateway.url}/readyz").json()["checks"]["jobs"]


def _gauges(stack):
    """How many jobs are in each state that has any."""
    lines = call("GET", f"{stack.gateway.url}/metrics").body.decode().splitlines()
    found = [line.rpartition(" ") for line in lines if line.startswith("gateway_jobs{")]
    return {series.split('"')[1]: value for series, _, value in found if value != "0.0"}
