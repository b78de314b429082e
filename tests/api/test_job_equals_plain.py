"""Over any core, a batch that is repeated until it is settled, as an answer or a stream, a job, and the command say the same of each item."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from gateway.admission.idempotency.keeping import Keeper
from gateway.jobs.run_chunk import ChunkServices, run_chunk
from gateway.resources.actions import actions
from gateway.telemetry.traces import NoTraces
from tests.api.test_stream_equals_plain import BATCHES, FATES, numbers, seen, told_by_lines, told_plain
from tests.doubles.command_over_service import told_by_command
from tests.doubles.job_partner import Partner
from tests.doubles.rules import claim_policy
from tests.doubles.service import Service

# What a core that recovers does at last.
PASSING = {"is busy", "is not there", "is not asked"}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    environ = {"GATEWAY_UNSENT_RATE_LIMIT": "", "GATEWAY_CORE_AUTH": "none"}
    service = Service(tmp_path_factory.mktemp("state"), environ)
    yield service
    service.close()


def run_due(service, trail=None, core_map=""):
    """The chunk that is due, as a job worker runs it."""
    chunks = service.backends.jobs.chunks
    services = ChunkServices(
        store=chunks,
        resources={"actions": actions(("en", "fr"), 1000, lambda: None, core_map)},
        core=service.core,
        policy=claim_policy(window=4, lease_seconds=45.0, repeats_unknown=False),
        keeper=Keeper(),
        concurrency=2,
        seconds=30.0,
        traces=NoTraces(),
        log_failed_items=0,
        is_stopping=bool,
        trail=trail,
    )
    if lease := chunks.next_chunk("w"):
        run_chunk(services, lease)


def run_over_two_days(service, job, heal):
    partner = Partner(service)
    run_due(service)
    heal()
    if partner.send("GET", f"/{job}").get_json()["state"] == "running":
        # The core did not keep up, so the job waits; a partner need not.
        partner.send("POST", f"/{job}/pause")
        partner.send("POST", f"/{job}/resume")
        run_due(service)


def told_by_job(service, batch, heal):
    """Of each item by id, after a run over a bad core and one over a healed one."""
    partner = Partner(service)
    job = partner.started(batch)
    run_over_two_days(service, job, heal)
    lines = [line for line in partner.lines(job) if "index" in line]
    assert sorted(line["index"] for line in lines) == list(range(len(batch)))
    partner.send("DELETE", f"/{job}")
    return {line["actionId"]: line.get("action") or line["error"] for line in lines}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fates=BATCHES)
def test_each_item_has_one_fate_as_a_batch_in_a_job_and_by_the_command(service, tmp_path, fates):
    batch = [{"actionId": str(n), "status": "active"} for n in range(1, len(fates) + 1)]
    by_id = {item["actionId"]: fate for item, fate in zip(batch, fates, strict=True)}

    def spoil() -> None:
        service.core.script = {name: FATES[fate][0] for name, fate in by_id.items() if fate != "updates"}

    def heal() -> None:
        lasting = {name: fate for name, fate in by_id.items() if fate not in PASSING}
        service.core.script = {name: FATES[fate][0] for name, fate in lasting.items() if fate != "updates"}

    found = []
    for tell in (told_plain, lambda *given, **more: told_by_lines(*given, **more)[0]):
        key = {"Idempotency_Key": f"job-{next(numbers)}"}
        spoil()
        tell(service, batch, **key)
        heal()
        found.append(tell(service, batch, **key))
    spoil()
    found.append(told_by_job(service, batch, heal))

    spoil()
    in_batches = told_by_command(service, tmp_path / str(next(numbers)), batch, waits=heal)
    spoil()
    as_job = told_by_command(
        service,
        tmp_path / str(next(numbers)),
        batch,
        waits=heal,
        started=lambda job: run_over_two_days(service, job, heal),
    )

    plain, streamed, by_job = found
    assert by_job == streamed == plain
    assert as_job == in_batches == seen(plain)
    assert {name for name, told in plain.items() if "code" not in told} == {
        name for name, fate in by_id.items() if fate in PASSING | {"updates"}
    }
