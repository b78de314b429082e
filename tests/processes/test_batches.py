"""The command for kept batches, as an operator runs it."""

from __future__ import annotations

import json

import pytest

from gateway.admission.idempotency.journal import Entry, Subject
from gateway.settings import load_kept
from gateway.wiring.stores import idempotency_store
from tests.processes import commands


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    return {"GATEWAY_STATE_DIR": str(tmp_path_factory.mktemp("state"))}


def run(environment, *arguments):
    return commands.run("gateway.batches", environment, "show", *arguments)


@pytest.fixture(scope="module")
def store(environment):
    made = idempotency_store(load_kept(environment))
    yield made
    made.close()


def test_an_operator_sees_what_became_of_each_item_of_a_partners_batch(environment, store):
    claim = store.claim("partners:app:alice", "april-7", "f", 2, bool, Subject("actions", ["1", "2"]))
    claim.record([Entry(0, "final", b'{"item":{"actionId":"1","title":{"fr":"Cong\xc3\xa9"}}}')])
    claim.finish()

    shown = run(environment, "april-7", "--principal", "partners:app:alice")

    assert (shown.returncode, shown.stderr) == (0, "")
    told = json.loads(shown.stdout)
    [error] = told.pop("errors")
    assert told == {
        "principal": "partners:app:alice",
        "key_fingerprint": "1b84d63f7789494a",
        "resource": "actions",
        "items": 2,
        "status": 207,
        "complete": False,
        "data": [{"actionId": "1", "title": {"fr": "Congé"}}],
    }
    assert (error["actionId"], error["code"], error["outcome"]) == ("2", "interrupted", "unknown")


def test_what_cannot_be_shown_is_one_line(environment, store):
    store.claim("p", "runs", "f", 1)

    unknown, runs = run(environment, "never", "--principal", "p"), run(environment, "runs", "--principal", "p")

    assert (unknown.returncode, unknown.stderr) == (1, "error: nothing is kept under this key of p\n")
    assert runs.returncode == 1
    assert runs.stderr.startswith("error: the batch is running, or its worker died moments ago; ask again in ")
    assert runs.stderr.count("\n") == 1
