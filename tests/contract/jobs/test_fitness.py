"""What a Redis says of itself that may cost jobs (docs/operators/jobs.md)."""

from __future__ import annotations

from contextlib import closing

import pytest
import redis

from gateway.admission.idempotency.errors import StoreUnavailable
from gateway.jobs.job import Bounds
from gateway.jobs.redis.steps import Steps
from gateway.settings import load
from gateway.wiring.jobs import job_stores
from tests.doubles.job_worlds import BOUNDS, LEASE_SECONDS

SETTINGS = {
    "GATEWAY_CORE_URL": "http://127.0.0.1:9",
    "GATEWAY_CORE_AUTH": "none",
    "GATEWAY_KEYCLOAK_URL": "http://127.0.0.1:9",
    "GATEWAY_KEYCLOAK_REALM": "partners",
    "GATEWAY_KEYCLOAK_AUDIENCE": "gateway",
}


@pytest.fixture
def steps(redis_server):
    with closing(redis.from_url(redis_server.url)) as client:
        before = client.config_get("maxmemory-policy", "appendonly", "appendfsync", "maxmemory")
        made = Steps(redis_server.url, Bounds(**BOUNDS), lease_seconds=LEASE_SECONDS)
        yield made
        made.close()
        for name, value in before.items():
            client.config_set(name, value)


@pytest.mark.parametrize(
    ("policy", "unfit"),
    [("noeviction", ""), ("volatile-lru", "Redis would evict jobs: maxmemory-policy is volatile-lru, not noeviction")],
)
def test_a_redis_that_evicts_would_lose_jobs(steps, redis_server, policy, unfit):
    with closing(redis.from_url(redis_server.url)) as client:
        client.config_set("maxmemory-policy", policy)

    assert steps.unfit() == unfit


@pytest.mark.parametrize(
    ("appendonly", "appendfsync", "risk"),
    [
        ("no", "everysec", "jobs end with this Redis: appendonly is no"),
        ("yes", "no", "half a minute of jobs may end with the host of this Redis: appendfsync is no"),
        ("yes", "everysec", ""),
        ("yes", "always", ""),
    ],
)
def test_what_its_restart_would_cost_is_told(steps, redis_server, appendonly, appendfsync, risk):
    with closing(redis.from_url(redis_server.url)) as client:
        client.config_set("appendonly", appendonly)
        client.config_set("appendfsync", appendfsync)

    assert steps.risk() == risk


@pytest.mark.parametrize("memory", [0, BOUNDS["store_bytes"] - 1, BOUNDS["store_bytes"]])
def test_a_redis_that_is_full_before_the_store_refuses_new_jobs_is_told(steps, redis_server, memory):
    with closing(redis.from_url(redis_server.url)) as client:
        client.config_set("appendonly", "yes")
        client.config_set("maxmemory", memory)

    assert steps.risk() == (
        "this Redis is full before the store of jobs is: maxmemory is 67108863, GATEWAY_JOB_STORE_BYTES 67108864"
        if memory == 67_108_863
        else ""
    )


def test_a_redis_that_tells_nothing_is_taken_for_right(tmp_path):
    steps = Steps(f"unix://{tmp_path}/none.sock", Bounds(**BOUNDS), lease_seconds=LEASE_SECONDS)

    assert (steps.unfit(), steps.risk()) == ("", "")
    steps.close()


def test_who_asks_within_the_pause_after_a_failure_is_told_what_failed(tmp_path):
    steps = Steps(f"unix://{tmp_path}/none.sock", Bounds(**BOUNDS), lease_seconds=LEASE_SECONDS, clock=lambda: 0.0)

    reasons = []
    for _ in range(2):
        with pytest.raises(StoreUnavailable) as refused:
            steps.read(("GET", "x"))
        reasons.append(refused.value.reason)

    assert reasons[0] == reasons[1]
    assert "none.sock" in reasons[1]
    steps.close()


def test_readiness_tells_it(steps, redis_server, tmp_path):
    with closing(redis.from_url(redis_server.url)) as client:
        client.config_set("appendonly", "no")
        stores = job_stores(
            load({**SETTINGS, "GATEWAY_REDIS_URL": redis_server.url, "GATEWAY_STATE_DIR": str(tmp_path)})
        )
        stores.chunks.beat("w")
        risky = stores.availability.check()
        client.config_set("maxmemory-policy", "allkeys-lru")
        evicting = stores.availability.check()
    stores.close()

    assert risky == {"ready": True, "risk": "jobs end with this Redis: appendonly is no"}
    assert evicting == {
        "ready": True,
        "reason": "Redis would evict jobs: maxmemory-policy is allkeys-lru, not noeviction",
    }
