"""CSV as spreadsheets write it: what is read, and what is refused with its place."""

from __future__ import annotations

import pytest

from cli.errors import Refused
from cli.rows.csv_rows import CsvOptions, CsvRows

PARTNER = "be5c19dd-4df8-5195-8706-f53d3df41681"


@pytest.fixture
def rows_of(tmp_path):
    def read(text, languages=("en", "fr"), **options):
        path = tmp_path / "updates.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        rows = CsvRows(path, CsvOptions(**options), languages)
        return rows, list(rows.read(rows.start, None, rows.first_line))

    return read


def items_of(rows_of, text, **options):
    return [row.item for row in rows_of(text, **options)[1]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_delimiter_is_guessed_and_a_byte_order_mark_is_no_part_of_the_first_name(rows_of, delimiter, bom, end):
    text = end.join(["actionId,status,title.en", "7,done,Leave", ""]).replace(",", delimiter)

    assert items_of(rows_of, bom + text.encode()) == [{"actionId": "7", "status": "done", "title": {"en": "Leave"}}]


def test_a_delimiter_that_is_said_is_not_guessed(rows_of):
    assert items_of(rows_of, "actionId|status\n7|done\n", delimiter="|") == [{"actionId": "7", "status": "done"}]


def test_an_empty_cell_is_an_absent_field_and_the_word_of_null_is_null(rows_of):
    text = "actionId,status,due_date,subtitle\n7,,\\N,\\N\n8,done,,\n"

    assert items_of(rows_of, text, null="\\N") == [
        {"actionId": "7", "due_date": None, "subtitle": None},
        {"actionId": "8", "status": "done"},
    ]


def test_ids_stay_text_and_partners_are_separated_by_bars(rows_of):
    [item] = items_of(rows_of, "actionId,partner_ids\n00012345678901234567,a | b\n")

    assert item == {"actionId": "00012345678901234567", "partner_ids": ["a", "b"]}


def test_rows_are_numbered_as_a_spreadsheet_does_over_empty_ones_and_cells_of_several_lines(rows_of):
    _rows, found = rows_of('actionId,title.en\n1,"two\nlines"\n,\n\n2,b\n')

    assert [(row.line, row.item["actionId"]) for row in found] == [(2, "1"), (5, "2")]


def test_reading_can_begin_and_end_at_any_row(rows_of):
    rows, found = rows_of('actionId,title.en\n1,"a\nb"\n2,é\n3,c\n4,d\n')

    again = list(rows.read(found[1].start, found[2].end, found[1].line))

    assert again == found[1:3]


def test_what_an_earlier_run_noted_is_ignored_and_so_are_columns_that_are_named(rows_of):
    text = "actionId,status,_error_code,_error,_retryable,owner\n7,done,not_found,No.,false,Ann\n"

    assert items_of(rows_of, text, ignore=("owner",)) == [{"actionId": "7", "status": "done"}]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("actionId,Status", "column 'Status' is not known (is 'status' meant?)"),
        (
            "actionId,owner_of_it_all",
            "column 'owner_of_it_all' is not known (to leave it out: --ignore 'owner_of_it_all')",
        ),
        ("actionId,status,status", "column 'status' stands there twice"),
        ("status,due_date", "there is no column 'actionId'"),
        ("actionId,,status", "column 2 has no name"),
        ("actionId,title.de", "column 'title.de': 'de' is none of the languages en, fr"),
    ],
)
def test_a_header_is_refused_with_everything_that_is_wrong(rows_of, header, said):
    with pytest.raises(Refused, match="row 1: ") as refusal:
        rows_of(f"{header}\n1,2,3\n")

    assert said in str(refusal.value)
    assert "title.en, title.fr" in str(refusal.value)


def test_a_language_of_the_gateway_is_a_column(rows_of):
    assert items_of(rows_of, "actionId,title.de\n1,Urlaub\n", languages=("de",)) == [
        {"actionId": "1", "title": {"de": "Urlaub"}}
    ]


def test_what_is_not_utf_8_is_refused_with_byte_and_line(rows_of):
    with pytest.raises(Refused, match=r"byte 29 in line 3 is 0xe9, which is not UTF-8; save it as CSV UTF-8"):
        rows_of("actionId,title.en\n1,ok\n2,congé".encode("latin-1") + b"\n")


def test_utf_16_is_named(rows_of):
    with pytest.raises(Refused, match="the file is UTF-16 and not UTF-8; save it as CSV UTF-8"):
        rows_of("actionId,status\n".encode("utf-16"))


def test_a_quote_that_is_never_closed_is_told_with_its_row_and_does_not_take_the_whole_file(rows_of):
    with pytest.raises(Refused, match="row 3: a cell is longer than 131,072 characters; is a quote not closed"):
        rows_of('actionId,title.en\n1,a\n2,"b\n' + "3,c\n" * 600_000)


def test_a_row_of_more_than_a_mebibyte_is_refused_where_it_begins(rows_of):
    with pytest.raises(Refused, match=r"the row that begins at byte 18 in line 2 is longer than 1 MiB"):
        rows_of("actionId,title.en\n" + "1,a," * 600_000)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('1,"a"b', "row 2: a quote inside a quoted cell must be doubled"),
        ('1,"a', "row 2: a quote is not closed"),
        (
            '1,"a\n2,b\n3,"c"',
            "row 2: a cell in quotes goes on over 3 lines up to another quote; is its quote not closed?",
        ),
        ("1,a\r2,b", "row 2: line ends must be LF or CRLF"),
    ],
)
def test_broken_csv_is_told_with_its_row(rows_of, row, said):
    with pytest.raises(Refused) as refusal:
        rows_of(f"actionId,title.en\n{row}")

    assert said in str(refusal.value)


def test_an_empty_file_says_what_its_first_row_must_be(rows_of):
    with pytest.raises(Refused, match="the file is empty; its first row must name the columns"):
        rows_of("")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("19001,done\n", "row 1 must name the columns, and none of it is known: '19001,done'"),
        ("sep=;\nactionId;status\n", "none of it is known: 'sep=;'"),
        (f"{'x' * 99}\n", f"none of it is known: '{'x' * 60}…'. Columns are: actionId, "),
        ("actionId|status\n7|done\n", "row 1: its names stand between '|', which is not guessed: --delimiter '|'"),
        ("actionId,status\r7,done\r", "row 1: line ends must be LF or CRLF"),
    ],
)
def test_a_first_row_that_is_no_header_is_told(rows_of, text, said):
    with pytest.raises(Refused) as refusal:
        rows_of(text)

    assert said in str(refusal.value)


@pytest.mark.parametrize("head", [b"PK\x03\x04\x14\x00", b"\xd0\xcf\x11\xe0\xa1\xb1"])
def test_a_workbook_is_named(rows_of, head):
    with pytest.raises(Refused, match="it is a workbook and not text; in the spreadsheet, save it as CSV UTF-8"):
        rows_of(head)


def test_a_row_may_end_early(rows_of):
    assert items_of(rows_of, "actionId,status,title.en,due_date\n1,done\n") == [{"actionId": "1", "status": "done"}]


def test_a_row_with_more_cells_than_the_header_is_told(rows_of):
    _, [row] = rows_of("actionId,title.en\n1,a,b\n")

    assert [problem.code for problem in row.problems] == ["too_many_cells"]


@pytest.mark.parametrize(
    ("column", "cell", "code", "said"),
    [
        ("actionId", "1.9353E+04", "spreadsheet_number", "format the column as text"),
        ("actionId", "19353.0", "spreadsheet_number", "format the column as text"),
        ("actionId", "19,353", "spreadsheet_number", "format the column as text"),
        ("actionId", "19353\u00a0", "odd_character", "a non-breaking space"),
        ("actionId", " 19353", "odd_character", "a space before or after it"),
        ("status", "“done”", "odd_character", "a typographic quote"),
        ("partner_ids", "a|b\u200b", "odd_character", "an invisible zero-width space"),
        ("title", "Leave", "not_by_language", "title.en"),
        ("due_date", "10/01/2024 06:51", "invalid_timestamp", "YYYY-MM-DD HH:MM:SS"),
        ("due_date", "2024-01-10T06:51:15", "no_zone", "add the zone"),
        ("due_date", "2024-01-10", "no_time", "such as 2024-01-10 00:00:00"),
        ("due_date", "45301.285", "invalid_timestamp", "a spreadsheet's number of a day"),
        ("due_date", "#REF!", "odd_character", "a formula that failed"),
        ("actionId", "#N/A", "odd_character", "a formula that failed"),
        ("title.en", "#REF!", "odd_character", "a formula that failed"),
        ("subtitle.fr", "#N/A", "odd_character", "a formula that failed"),
        ("details.en", "#NAME?", "odd_character", "a formula that failed"),
        ("title.fr", "#NOM?", "odd_character", "a formula that failed"),
        ("title.en", "Err:502", "odd_character", "a formula that failed"),
        ("status", "done\x00", "odd_character", "a control character, U+0000, in it"),
        ("partner_ids", f"{PARTNER};{PARTNER}", "other_separator", "Write | between entries"),
        ("due_date", "9999-12-31T23:59:59-05:00", "invalid_timestamp", "after the year 9999"),
    ],
)
def test_what_a_spreadsheet_or_a_word_processor_does_to_a_cell_is_told(rows_of, column, cell, code, said):
    header, row = ("actionId,status", f'"{cell}",done') if column == "actionId" else (f"actionId,{column}", f"1,{cell}")
    _, [found] = rows_of(f"{header}\n{row}\n")

    [problem] = found.problems
    assert (problem.column, problem.code, problem.value) == (column, code, cell)
    assert said in problem.detail


@pytest.mark.parametrize("cell", ["“Leave”\u00a0", "#1 priority", "What #REF! means", "Err:"])
def test_a_text_is_taken_as_it_stands_where_no_formula_failed(rows_of, cell):
    _, [row] = rows_of(f"actionId,title.en\n1,{cell}\n")

    assert (row.item["title"], row.problems) == ({"en": cell}, [])


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("2024-01-10 06:51:15", "2024-01-10 06:51:15"),
        ("2024-01-10T08:51:15+02:00", "2024-01-10 06:51:15"),
        ("2024-01-10T06:51:15Z", "2024-01-10 06:51:15"),
        ("2024-01-10T06:51:15.250Z", "2024-01-10 06:51:15"),
        ("2023-12-31T23:30-05:30", "2024-01-01 05:00:00"),
        ("0900-01-01T00:00:00Z", "0900-01-01 00:00:00"),
    ],
)
def test_a_time_with_a_zone_becomes_utc(rows_of, cell, value):
    assert items_of(rows_of, f"actionId,due_date\n1,{cell}\n") == [{"actionId": "1", "due_date": value}]
