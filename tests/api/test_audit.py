"""What became of each item is kept, where an operator wants it: the PATCH, the PUT and jobs, and never a value."""

from __future__ import annotations

import json
import time
from contextlib import closing

import pytest

from gateway.audit.search import Wish
from gateway.audit.search import records as records_in
from gateway.wiring.audit import audit_sink, audit_trail
from legacy_client import errors as core
from tests.api.test_job_equals_plain import run_due
from tests.doubles.open_files import open_files
from tests.doubles.service import assert_problem

A, B = ({"actionId": str(n), "status": "active", "title": {"en": "Secret title"}} for n in (1, 2))
PUT = "/integrations/v1/8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00/actions/8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a01"


@pytest.fixture(params=["file", "store"])
def service(make_service, request):
    return make_service(audit="all", audit_to=request.param, core_auth="none")


def records(service):
    """All that is kept, once nothing waits."""
    give_up = time.monotonic() + 20
    while service.app.plan.unkept():
        assert time.monotonic() < give_up
        time.sleep(0.01)
    with closing(audit_sink(service.settings)) as sink:
        return list(records_in(sink, Wish()))


def told(service):
    return [(record["id"], record["outcome"], record["code"]) for record in records(service)]


def test_each_item_of_a_batch_has_its_record(service):
    service.core.script = {"2": core.NotFound(404)}
    answer = service.patch(A, B, Idempotency_Key="batch-1")

    applied, failed = records(service)

    assert (applied["id"], applied["outcome"], applied["code"]) == ("1", "applied", "ok")
    assert applied["time"].startswith("20")
    assert {name: value for name, value in failed.items() if name != "time"} == {
        "principal": "partners:alice",
        "request_id": answer.headers["X-Request-ID"],
        "key_fingerprint": "5d7f173156f93ccd",
        "resource": "actions",
        "id": "2",
        "outcome": "not_applied",
        "code": "not_found",
    }


def test_no_value_and_no_key_is_kept(service):
    service.patch(A, Idempotency_Key="batch-1")

    kept = json.dumps(records(service))

    assert "Secret" not in kept
    assert "batch-1" not in kept


def test_a_stream_has_its_records_too(service):
    assert service.patch(A, B, Accept="application/x-ndjson").text.count("\n") == 4

    assert told(service) == [("1", "applied", "ok"), ("2", "applied", "ok")]


def test_a_repeat_adds_what_it_sent_and_nothing_else(service):
    service.core.script = {"2": core.Busy(503, retry_after=1)}
    service.patch(A, B, Idempotency_Key="k")
    service.core.script.clear()
    for _ in range(2):
        service.patch(A, B, Idempotency_Key="k")

    assert sorted(told(service)) == [("1", "applied", "ok"), ("2", "applied", "ok"), ("2", "not_applied", "core_busy")]


def test_what_was_refused_or_only_rehearsed_has_no_record(service):
    service.patch({"actionId": "x"})
    service.patch(A, query="?dry_run=true")

    assert records(service) == []


def test_the_put_has_its_record(service):
    service.client.put(PUT, json={"name": "x"}, headers={"Authorization": "Bearer key_1"})

    [record] = records(service)

    assert (record["principal"], record["resource"], record["id"]) == (
        "key:1",
        "integrations",
        "/".join(PUT.split("/")[3::2]),
    )


def test_a_job_has_its_records_with_its_id(service):
    jobs = "/openapi/api/v1/jobs"
    good = {"Authorization": "Bearer good"}
    service.backends.jobs.chunks.beat("w")
    job = service.client.post(jobs, headers=good).get_json()["id"]
    service.client.put(f"{jobs}/{job}/parts/1", json={"data": [A, B]}, headers=good)
    service.client.post(f"{jobs}/{job}/start", json={"parts": 1}, headers=good)
    trail = audit_trail(service.settings, lambda work: work())

    run_due(service, trail)
    trail.close()

    assert [(record["id"], record["job"], record["principal"]) for record in records(service)] == [
        ("1", job, "partners:alice"),
        ("2", job, "partners:alice"),
    ]


def test_failures_alone_can_be_kept(make_service):
    service = make_service(audit="failures")
    service.core.script = {"2": core.NotFound(404)}
    service.patch(A, B)

    assert told(service) == [("2", "not_applied", "not_found")]


def test_off_nothing_is_kept(make_service, tmp_path):
    service = make_service(audit="off")
    service.patch(A)

    assert audit_trail(service.settings, lambda work: work()) is None
    assert not list(tmp_path.glob("audit*"))


def test_the_file_can_be_elsewhere(make_service, tmp_path):
    service = make_service(audit="all", audit_file=tmp_path / "elsewhere" / "trail.jsonl")
    service.patch(A)

    assert len(records(service)) == 1
    assert (tmp_path / "elsewhere" / "trail.jsonl").exists()


def test_a_trail_that_cannot_be_written_loses_no_batch(make_service, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    service = make_service(audit="all", audit_file=tmp_path / "file" / "trail.jsonl")

    assert service.patch(A).status_code == 200
    give_up = time.monotonic() + 20
    while "audit_unavailable" not in caplog.messages:
        assert time.monotonic() < give_up
        time.sleep(0.01)

    assert service.patch(B).status_code == 200


@pytest.fixture
def page(make_service):
    """The operators' own port, with the trail."""
    service = make_service(audit="all", status_page="true", metrics="port", metrics_port="9091", core_auth="none")
    service.core.script = {"2": core.NotFound(404)}
    service.patch(A, B, X_Request_ID="first")
    service.patch(A, X_Request_ID="second")
    records(service)
    return lambda path: service.client.get(path, environ_overrides={"SERVER_PORT": "9091"})


def test_the_page_of_operators_shows_recent_batches_newest_first(page):
    newest, oldest = page("/status/batches").get_json()["data"]

    assert (newest["request_id"], newest["items"]) == ("second", [["applied", "ok", 1]])
    assert (oldest["principal"], oldest["items"]) == (
        "partners:alice",
        [["applied", "ok", 1], ["not_applied", "not_found", 1]],
    )
    assert oldest["seconds"] >= 0
    assert page("/status/data").get_json()["audit"] is True


def test_the_page_of_operators_finds_what_became_of_an_item(page):
    def found(query):
        return [
            (each["request_id"], each["id"], each["code"]) for each in page(f"/status/audit?{query}").get_json()["data"]
        ]

    assert found("item=1") == [("second", "1", "ok"), ("first", "1", "ok")]
    assert found("request=first") == [("first", "1", "ok"), ("first", "2", "not_found")]
    assert found("principal=partners:bob") == []
    assert_problem(page("/status/audit?who=me"), 400, "unknown-parameter")
    assert_problem(page("/status/audit?since=soon"), 400, "unknown-parameter")


def test_the_end_of_a_worker_closes_its_stores_and_those_of_its_trail_and_its_page(make_service, tmp_path):
    service = make_service(audit="all", audit_to="store", status_page="true", metrics="port", metrics_port="9091")
    service.patch(A, Idempotency_Key="k")
    records(service)
    service.client.get("/status/batches", environ_overrides={"SERVER_PORT": "9091"})
    assert open_files(tmp_path) >= {"audit.sqlite", "idempotency.sqlite"}

    service.app.plan.ended()

    assert open_files(tmp_path) == set()


def test_what_names_partners_is_not_shown_on_the_port_of_partners(make_service):
    for options in ({"audit": "all"}, {"audit": "off", "metrics": "port"}):
        service = make_service(status_page="true", **options)

        for path in ("/status/batches", "/status/audit"):
            assert service.client.get(path, environ_overrides={"SERVER_PORT": "9090"}).status_code == 404
    shown = make_service(status_page="true", audit="all").client.get("/status/data")
    assert (shown.get_json()["audit"], shown.get_json()["audit_hidden"]) == (False, True)


def test_a_trail_that_cannot_be_read_is_told(make_service, tmp_path):
    (tmp_path / "audit.sqlite").write_text("no database, but long enough to be taken for one" * 100)
    service = make_service(audit="all", audit_to="store", status_page="true", metrics="port")

    shown = service.client.get("/status/batches", environ_overrides={"SERVER_PORT": "9090"})

    assert_problem(shown, 503, "temporarily-unavailable")


def test_what_the_page_asks_by_itself_counts_as_no_partners_request_and_is_quiet_in_the_log(page, caplog):
    script = page("/status/numbers.js").text
    operators = script[script.index("const OPERATORS") :].partition("\n")[0]
    caplog.clear()
    caplog.set_level("INFO")

    page("/status/batches")

    assert "request_ended" not in caplog.messages
    for path in ("/status/batches", "/status/audit", "/status/data", "/status/history"):
        assert f'"{path}"' in operators
