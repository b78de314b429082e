"""What is left: the rows with all their columns, as input again, and never over a user's own work."""

from __future__ import annotations

import csv
import json

import pytest

from cli.leavings import FAILED, UNKNOWN, place_beside, write
from cli.rows.csv_rows import CsvOptions
from cli.rows.opening import Reading


@pytest.fixture
def left(world):
    """Write the leavings of an update; the rows of each file by its name."""

    def run(update=None):
        update = update or world.send()
        paths = {
            kind: place_beside(str(world.path), "", kind, "csv" if world.path.suffix == ".csv" else "ndjson")
            for kind in (FAILED, UNKNOWN)
        }
        files = write(update.rows, update.journal, paths)
        return {kind: (path.name, path.read_bytes()) for kind, path in files.items()}

    return run


def rows_of(data):
    return list(csv.reader(data.decode("utf-8-sig").splitlines()))


def test_failed_rows_keep_all_their_columns_and_get_three_notes(world, left):
    world.gateway.codes = {"2": "not_found"}
    world.write(3)

    assert {kind: (name, rows_of(data)) for kind, (name, data) in left().items()} == {
        "failed": (
            "updates.failed.csv",
            [
                ["actionId", "status", "note", "_error_code", "_error", "_retryable"],
                ["2", "done", "n2", "not_found", "No.", "false"],
            ],
        )
    }


def test_the_delimiter_and_the_byte_order_mark_of_the_input_are_kept_and_old_notes_give_way(world, left):
    world.gateway.codes = {"1": "rejected"}
    world.path.write_bytes("\ufeff_error;actionId;status;_error_code;_retryable\nold;1;done;old;true\n".encode())

    _, data = left()["failed"]

    assert data.decode() == "\ufeffactionId;status;_error_code;_error;_retryable\r\n1;done;rejected;No.;false\r\n"


def test_words_of_the_core_never_become_a_formula(world, left):
    world.gateway.codes = {"1": "=1+1"}
    world.write(1)

    assert rows_of(left()["failed"][1])[1][3] == "'=1+1"


def test_rows_without_an_answer_are_apart_since_they_may_have_been_applied(world, left):
    world.write(2)
    world.gateway.moods = ["lost"] * 6

    files = left()

    assert set(files) == {"unknown"}
    assert [row[0] for row in rows_of(files["unknown"][1])] == ["actionId", "1", "2"]
    assert rows_of(files["unknown"][1])[1][3:] == [
        "no_answer",
        "No answer came back; it may have been applied. The same command asks again under the same key.",
        "true",
    ]


def test_a_file_that_no_longer_has_a_row_is_removed(world, left):
    world.write(2)
    world.gateway.moods = ["lost"] * 6
    assert left()
    world.close()

    assert left() == {}
    assert sorted(path.name for path in world.folder.glob("*.csv")) == ["updates.csv"]


def test_a_file_that_the_user_changed_is_kept_and_the_new_one_gets_a_number(world, left):
    world.write(2)
    world.gateway.busy = {"1": 8}
    left()
    mine = world.folder / "updates.failed.csv"
    mine.write_text("mine")
    world.close()

    [(name, _)] = left().values()

    assert (name, mine.read_text()) == ("updates.failed-2.csv", "mine")


def test_rows_that_the_gateway_found_invalid_are_left_too(world, left):
    world.write(3)
    world.gateway.invalid = {"2": "partner_not_allowed"}

    assert rows_of(left()["failed"][1])[1] == ["2", "done", "n2", "partner_not_allowed", "status: No.", "false"]


def test_lines_of_json_stay_lines_of_json(world, left):
    world.path = world.folder / "updates.ndjson"
    world.path.write_text('{"actionId":"1","status":"done"}\n{"actionId":"2","status":"done"}\n')
    world.gateway.codes = {"2": "not_found"}
    update = world.open(reading=Reading(csv=CsvOptions()))
    list(update.run.steps())

    name, data = left(update)["failed"]

    assert name == "updates.failed.ndjson"
    assert json.loads(data) == {
        "actionId": "2",
        "status": "done",
        "_error_code": "not_found",
        "_error": "No.",
        "_retryable": False,
    }


@pytest.mark.parametrize(
    ("name", "folder", "place"),
    [
        ("a/updates.csv", "", "a/updates.failed.csv"),
        ("a/updates.csv.gz", "", "a/updates.failed.csv"),
        ("updates", "out", "out/updates.failed.csv"),
        ("-", "", "stdin.failed.csv"),
        ("updates.failed.csv", "", "updates.failed.failed.csv"),
    ],
)
def test_it_stands_beside_the_input_or_where_it_is_asked_to(name, folder, place):
    assert str(place_beside(name, folder, "failed", "csv")) == place


def test_nothing_is_written_to_a_folder_where_there_is_nothing_to_write(world):
    world.write(1)
    update = world.send()

    assert write(update.rows, update.journal, {FAILED: world.folder / "nowhere" / "updates.failed.csv"}) == {}


def test_a_folder_of_the_name_is_left_alone_and_the_file_gets_a_number(world, left):
    world.gateway.codes = {"1": "not_found"}
    world.write(1)
    (world.folder / "updates.failed.csv").mkdir()

    [(name, _)] = left().values()

    assert name == "updates.failed-2.csv"
