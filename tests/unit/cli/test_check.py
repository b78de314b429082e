"""Every row is held against the contract, as the gateway would, and each error names its cell."""

from __future__ import annotations

import pytest

from cli.check import check
from cli.errors import Refused
from cli.rows.csv_rows import CsvOptions, CsvRows
from cli.rows.json_rows import JsonRows


@pytest.fixture
def checked(tmp_path):
    def run(text, *, name="a.csv", max_bytes=100_000):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        rows = CsvRows(path, CsvOptions(null="\\N"), ("en", "fr")) if name.endswith("csv") else JsonRows(path)
        return check(rows, ("en", "fr"), max_bytes)

    return run


def told(checked):
    return [(error.label, error.problem.column, error.problem.code, error.problem.value) for error in checked.errors]


def test_errors_of_csv_name_the_row_the_column_and_the_text_of_the_cell(checked):
    found = checked(f"actionId,status,title.en,partner_ids,due_date\n7,open,{'x' * 256},nonsense|nonsense,\\N\n8,,,,\n")

    assert told(found) == [
        ("row 2", "status", "invalid_choice", "open"),
        ("row 2", "title.en", "too_long", f"{'x' * 60}…"),
        ("row 2", "partner_ids.0", "invalid_uuid", "nonsense|nonsense"),
        ("row 2", "partner_ids.1", "invalid_uuid", "nonsense|nonsense"),
        ("row 3", "", "nothing_to_update", ""),
    ]
    assert (found.items, found.invalid, found.total) == (2, 2, 5)


def test_errors_of_json_show_the_value_at_their_place(checked):
    found = checked('{"actionId":"7","title":{"de":"x"},"partner_ids":["a"]}\n{"colour":1}\nno\n', name="a.ndjson")

    assert told(found) == [
        ("line 1", "title.de", "unknown_language", "x"),
        ("line 1", "partner_ids.0", "invalid_uuid", "a"),
        ("line 2", "colour", "unknown_field", "1"),
        ("line 2", "actionId", "required", ""),
        ("line 3", "", "invalid_json", ""),
    ]


def test_an_id_twice_in_the_whole_file_is_told_with_its_first_row_however_it_is_written(checked):
    found = checked("actionId,status\n007,done\n8,done\n7,done\n")

    [error] = found.errors
    assert str(error) == "row 4, actionId: Names the same action as row 2; name each action once. (it is '7')"


def test_what_the_reader_of_the_row_found_is_not_told_twice(checked):
    found = checked("actionId,due_date\n1.9E+04,2024-01-10\n")

    assert [code for _, _, code, _ in told(found)] == ["spreadsheet_number", "no_time"]


def test_an_item_that_no_request_can_hold_is_told(checked):
    found = checked(f"actionId,details.en\n7,{'x' * 500}\n", max_bytes=400)

    assert told(found) == [("row 2", "", "too_large", "")]


def test_a_file_without_a_row_is_an_error(checked):
    with pytest.raises(Refused, match="no row with an update"):
        checked("actionId,status\n,\n")


def test_a_text_that_is_too_long_says_how_long_it_is(checked):
    [error] = checked(f"actionId,title.en\n7,{'x' * 1_256}\n").errors

    assert str(error) == (
        f"row 2, title.en: Must be a string of at most 255 characters. It has 1,256. (it is '{'x' * 60}…')"
    )


def test_entries_of_a_list_are_counted_from_1_as_people_do(checked):
    [error] = checked("actionId,partner_ids\n7,be5c19dd-4df8-5195-8706-f53d3df41681|Contoso\n").errors

    assert error.problem.column == "partner_ids.1"
    assert str(error).startswith("row 2, partner_ids (entry 2): Must be a UUID")


def test_a_thousand_errors_are_kept_and_all_are_counted(checked):
    found = checked("actionId,status\n" + "".join(f"{number},open\n" for number in range(1, 1_502)))

    assert (len(found.errors), found.total, found.invalid) == (1_000, 1_501, 1_501)
