"""A collection is one row: its routes, its table and its seed come from it."""

from __future__ import annotations

import orjson
import pytest

from sandbox.__main__ import main
from sandbox.core.app import Core
from sandbox.core.collections import COLLECTIONS, UUID, Collection
from sandbox.core.database import Database
from sandbox.core.errors import core_faults
from sandbox.core.fields import text
from sandbox.core.trouble import Trouble
from sandbox.server.connection import Traffic
from tests.sandbox.conftest import CoreClient

FIRST = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
NOTES = Collection("notes", UUID, {"text": "TEXT"}, {"text": text(5)}, lambda: [{"id": FIRST, "text": "one"}])


@pytest.fixture
def open_core(tmp_path):
    databases = []

    def open_core(*collections):
        databases.append(Database(tmp_path / "core.sqlite3"))
        switches = {"needs_bearer": False, "honours_idempotency": True, "collections": collections}
        return CoreClient(Core(databases[-1], Trouble(core_faults(), {}), Traffic(in_flight=1), **switches))

    yield open_core
    for database in databases:
        database.close()


def test_a_new_collection_is_read_and_patched_by_its_own_rules(open_core):
    core = open_core(*COLLECTIONS, NOTES)

    assert core.data(f"/notes/{FIRST.upper()}") == {"id": FIRST, "text": "one"}
    changed = core.call("PATCH", f"/notes/{FIRST}", {"text": "two"})
    assert orjson.loads(changed.body) == {"data": {"id": FIRST, "text": "two"}}
    assert core.data(f"/notes/{FIRST}") == {"id": FIRST, "text": "two"}
    assert orjson.loads(core.call("PATCH", f"/notes/{FIRST}", {"text": "longer", "state": 1}).body)["errors"] == {
        "text": ["Must have 0 to 5 characters."],
        "state": ["Unknown field."],
    }


@pytest.mark.parametrize("row_id", ["19000", "3f2504e0-4f89-41d3-9a0c-0305e82c3302", "x"])
def test_an_id_of_another_kind_or_of_nothing_is_a_404(open_core, row_id):
    assert open_core(*COLLECTIONS, NOTES).call("PATCH", f"/notes/{row_id}", {}).status == 404


def test_a_collection_that_was_not_there_before_is_seeded_in_an_old_file(open_core):
    open_core(*COLLECTIONS).patch(19000, {"state": 9})

    core = open_core(*COLLECTIONS, NOTES)

    assert core.data(f"/notes/{FIRST}") == {"id": FIRST, "text": "one"}
    assert core.data("/actions/19000")["state"] == 9


def test_a_reset_brings_the_seed_of_every_collection_back(open_core):
    core = open_core(*COLLECTIONS, NOTES)
    core.call("PATCH", f"/notes/{FIRST}", {"text": "two"})

    core.call("POST", "/_sandbox/reset")

    assert core.data(f"/notes/{FIRST}") == {"id": FIRST, "text": "one"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nowhere:COLLECTIONS", "No module named 'nowhere'"),
        ("sandbox.core.collections:NUMBER", "is no tuple of Collection"),
        ("sandbox.core.collections:NONE", "has no attribute 'NONE'"),
    ],
)
def test_the_command_says_why_a_name_is_none_of_collections(capsys, name, reason):
    with pytest.raises(SystemExit):
        main(["core", "--port", "0", "--collections", name])

    assert reason in capsys.readouterr().err
