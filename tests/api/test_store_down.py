"""A store of idempotency records that is down: keyed batches wait, the others go on, and operators are told once."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing

import pytest

from gateway.admission.idempotency.errors import StoreUnavailable
from gateway.wiring.app import create_app
from tests.doubles.service import assert_problem

A = {"actionId": "1", "status": "active"}


class Switch:
    """A store that can be switched off; ``only_reads`` keeps stored answers to be had."""

    def __init__(self, store):
        self._store = store
        self.reason = ""
        self.only_reads = False

    def claim(self, principal_id, key, fingerprint, items, let_others_run, subject):
        if self.reason and not (self.only_reads and key == "known"):
            raise StoreUnavailable(self.reason)
        return self._store.claim(principal_id, key, fingerprint, items, let_others_run)

    def waiting(self):
        return self._store.waiting()


@pytest.fixture
def told(service, caplog):
    """The service over a store that can be switched off."""
    service.store = Switch(service.backends.idempotency)
    service.app = create_app(service.settings, dataclasses.replace(service.backends, idempotency=service.store))
    service.client = service.app.test_client()
    service.events = lambda: [
        (record.message, getattr(record, "reason", ""))
        for record in caplog.records
        if record.message.startswith("idempotency_")
    ]
    service.refused = lambda: next(
        float(line.split()[1])
        for line in service.client.get("/metrics").text.splitlines()
        if line.startswith("gateway_idempotency_refused_total ")
    )
    return service


def test_a_store_that_is_down_is_told_once_with_its_reason_and_once_when_it_is_back(told):
    told.store.reason = "ConnectionError: nobody there"
    for number in range(3):
        assert_problem(told.patch(A, Idempotency_Key=f"down-{number}"), 503, "temporarily-unavailable")
    assert told.events() == [("idempotency_store_down", "ConnectionError: nobody there")]

    told.store.reason = ""
    for number in range(3):
        assert told.patch(A, Idempotency_Key=f"up-{number}").status_code == 200
    assert told.events()[1:] == [("idempotency_store_back", "")]


def test_each_batch_that_it_could_not_take_is_counted_and_no_other(told):
    assert told.refused() == 0
    told.store.reason = "down"
    for number in range(3):
        told.patch(A, Idempotency_Key=f"down-{number}")
    assert told.patch(A).status_code == 200

    assert told.refused() == 3


def test_a_stored_answer_does_not_make_a_full_store_look_healthy(told):
    assert told.patch(A, Idempotency_Key="known").status_code == 200
    told.store.reason, told.store.only_reads = "SQLITE_FULL", True

    for number in range(2):
        assert told.patch(A, Idempotency_Key=f"new-{number}").status_code == 503
        assert told.patch(A, Idempotency_Key="known").status_code == 200

    assert told.events() == [("idempotency_store_down", "SQLITE_FULL")]


def test_one_record_that_cannot_be_read_is_told_as_such_and_not_as_a_store_that_is_down(told):
    assert told.patch(A, Idempotency_Key="spoilt").status_code == 200
    with closing(sqlite3.connect(told.settings.stores.state_dir / "idempotency.sqlite")) as file, file:
        file.execute("UPDATE event SET body = x'ff00'")

    assert_problem(told.patch(A, Idempotency_Key="spoilt"), 503, "temporarily-unavailable")

    assert told.events() == [("idempotency_record_unreadable", "not an event of a journal")]
    assert told.refused() == 1


def test_a_file_of_another_version_is_named(make_service, tmp_path, caplog):
    service = make_service()
    with closing(sqlite3.connect(tmp_path / "idempotency.sqlite")) as file:
        file.executescript("PRAGMA application_id = 1; CREATE TABLE other (x)")

    assert_problem(service.patch(A, Idempotency_Key="k"), 503, "temporarily-unavailable")

    (down,) = (record for record in caplog.records if record.message == "idempotency_store_down")
    assert "another version's" in down.reason
    assert "idempotency.sqlite" in down.reason


def test_an_answer_whose_record_the_store_did_not_take_says_so_and_its_repeat_is_the_same(service):
    with closing(
        sqlite3.connect(service.settings.stores.state_dir / "idempotency.sqlite", isolation_level=None)
    ) as other:
        core = service.core.send

        def locking(operation, updates, context):
            yield from core(operation, updates, context)
            other.execute("BEGIN IMMEDIATE")

        service.core.send = locking
        first = service.patch(A, Idempotency_Key="kept")
        other.execute("ROLLBACK")
    assert (first.status_code, first.headers["Idempotency-Kept"]) == (200, "false")

    again = service.patch(A, Idempotency_Key="kept")

    assert (again.get_json(), again.headers["Idempotency-Replayed"]) == (first.get_json(), "true")
    assert "Idempotency-Kept" not in again.headers
    assert len(service.core.calls) == 1
