"""What a job worker says at its start of the load that all of them may bring, and how far it marks ahead."""

from __future__ import annotations

import pytest

from gateway.settings import load
from gateway.settings.service import most_workers
from gateway.wiring.job_dispatch import told_together, unfit
from gateway.wiring.jobs import chunk_policy, job_stores


@pytest.fixture
def environment(tmp_path):
    own = {
        "CORE_URL": "http://127.0.0.1:9",
        "CORE_AUTH": "none",
        "KEYCLOAK_URL": "http://127.0.0.1:9",
        "KEYCLOAK_REALM": "partners",
        "KEYCLOAK_AUDIENCE": "gateway",
        "STATE_DIR": str(tmp_path),
        "JOB_CORE_CONCURRENCY": "10",
        "CORE_CONCURRENCY": "64",
        "WORKERS": "2",
    }
    return {f"GATEWAY_{name}": value for name, value in own.items()}


def test_the_calls_of_all_workers_are_those_of_the_living_and_its_own(environment):
    settings = load(environment)
    stores = job_stores(settings)
    for name in ("a", "b"):
        stores.chunks.beat(name)

    assert told_together(settings, stores) == {"together": 30, "with_a_gateway": 158}
    stores.close()


def test_a_worker_of_celery_counts_each_of_its_processes(environment):
    settings = load(environment | {"GATEWAY_JOB_DISPATCH": "celery", "GATEWAY_JOB_PROCESSES": "3"})
    stores = job_stores(settings)

    assert told_together(settings, stores) == {"together": 30, "with_a_gateway": 158}
    stores.close()


def test_a_celery_that_is_not_there_is_told_with_the_file_that_has_it(environment, monkeypatch):
    monkeypatch.setattr("gateway.wiring.job_dispatch.find_spec", lambda _name: None)
    celery = {"GATEWAY_JOB_DISPATCH": "celery", "GATEWAY_REDIS_URL": "redis://127.0.0.1:9/0"}

    assert unfit(load(environment | celery)) == (
        "Celery is not installed: pip install -r deploy/lock/jobs.txt, or set GATEWAY_JOB_DISPATCH=loop"
    )


def test_more_processes_than_four_for_each_processor_are_refused_unless_they_are_meant(environment):
    many = str(most_workers() + 1)
    celery = {
        "GATEWAY_JOB_DISPATCH": "celery",
        "GATEWAY_JOB_PROCESSES": many,
        "GATEWAY_REDIS_URL": "redis://127.0.0.1:9/0",
    }

    assert unfit(load(environment | celery)).startswith(
        f"GATEWAY_JOB_PROCESSES: must be at most {most_workers()}, four for each processor"
    )
    assert unfit(load(environment | celery | {"GATEWAY_MANY_WORKERS": "true"})) == ""
    assert unfit(load(environment | {"GATEWAY_JOB_PROCESSES": many})) == ""


def test_a_store_that_is_away_is_no_reason_not_to_start(environment):
    settings = load(environment | {"GATEWAY_STATE_DIR": "/proc/none"})

    assert told_together(settings, job_stores(settings)) == {}


@pytest.mark.parametrize(("honours_keys", "window"), [("false", 128), ("true", 1000)])
def test_a_killed_worker_leaves_a_window_in_doubt_or_a_chunk_to_be_sent_again(environment, honours_keys, window):
    policy = chunk_policy(load(environment | {"GATEWAY_CORE_HONOURS_IDEMPOTENCY": honours_keys}))

    assert (policy.window, policy.repeats_unknown, policy.step) == (window, honours_keys == "true", window - 10)


def test_a_killed_worker_never_leaves_more_than_500_in_doubt(environment):
    policy = chunk_policy(load(environment | {"GATEWAY_BATCH_CONCURRENCY": "128"}))

    assert policy.window == 500
