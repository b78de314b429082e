"""A file with 37 mistakes of 21 kinds is mended by what the command says, and ends with every row applied.

The partner of this test changes a cell only where the command names its row and column.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter

import pytest

from sandbox.core.seed import FIRST_ACTION
from tests.e2e.stack import CoreView

pytestmark = pytest.mark.e2e
COLUMNS = ["actionId", "status", "title.en", "due_date", "partner_ids"]
PARTNERS = "be5c19dd-4df8-5195-8706-f53d3df41681|dbe06d90-ffbf-57c1-8259-71e156bde611"
COUNT = 60
# Kind, column, the cell that is wrong there, and in how many rows.
MISTAKES = (
    ("rounded id", "actionId", "1.9353E+04", 2),
    ("formula that failed", "actionId", "#N/A", 1),
    ("id with a space that cannot be seen", "actionId", "19001\u00a0", 2),
    ("id twice", "actionId", str(FIRST_ACTION), 2),
    ("typographic quotes", "status", "“done”", 2),
    ("a word that is none", "status", "closed", 3),
    ("a word in capitals", "status", "DONE", 2),
    ("space after a word", "status", "done ", 2),
    ("text too long", "title.en", "x" * 256, 2),
    ("time without a zone", "due_date", "2024-01-10T06:51:15", 2),
    ("time as a country writes it", "due_date", "10/01/2024 06:51", 3),
    ("day without a time", "due_date", "2024-01-10", 1),
    ("a spreadsheet's number of a day", "due_date", "45301.285", 1),
    ("day that is none", "due_date", "2024-02-30 00:00:00", 2),
    ("UUID cut short", "partner_ids", "be5c19dd-4df8-5195-8706", 2),
    ("partners with commas", "partner_ids", PARTNERS.replace("|", ","), 1),
    ("partner twice", "partner_ids", f"{PARTNERS}|{PARTNERS}", 1),
    ("too many cells", "", "", 2),
    ("nothing to update", "", "", 1),
)
HEADER_MISTAKES = 2  # a misspelt column, and one that is not the contract's
ENCODING_MISTAKES = 1


def right(number):
    return [str(FIRST_ACTION + number), "done", f"Leave {number} é", "2024-01-10 06:51:15", PARTNERS]


@pytest.fixture
def sheet():
    """The rows with their mistakes, and where each is: ``{(row, column): kind}``."""
    rows, planted = [right(number) for number in range(COUNT)], {}
    number = 1
    for kind, column, cell, count in MISTAKES:
        for _ in range(count):
            if kind == "too many cells":
                rows[number].append("a comma, too many")
            elif kind == "nothing to update":
                rows[number][1:] = ["", "", "", ""]
            else:
                rows[number][COLUMNS.index(column)] = cell
            planted[number + 2, column] = kind
            number += 1
    return rows, planted


class Partner:
    """Reads what the command says and mends that alone. ``named`` is every cell that it was told of."""

    def __init__(self, rows):
        self.rows, self.named, self.rounds = rows, set(), 0
        self.header = ["actionId", "Status", *COLUMNS[2:], "owner"]
        self.encoding, self.options = "latin-1", []

    def file(self):
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(self.header)
        writer.writerows([*row[:5], "Ann", *row[5:]] for row in self.rows)
        return text.getvalue().encode(self.encoding, "replace")

    def mend(self, events):
        self.rounds += 1
        for event in events:
            if event["event"] == "invalid":
                self.mend_cell(event)
            elif "UTF-8" in event.get("why", ""):
                self.encoding = "utf-8"
            for wrong, meant in re.findall(
                r"column '(\w+)' is not known \(is '([\w.]+)' meant\?\)", event.get("why", "")
            ):
                self.header[self.header.index(wrong)] = meant
            self.options += re.findall(r"to leave it out: (--ignore) '(\w+)'", event.get("why", ""))

    def mend_cell(self, event):
        number, column = int(event["row"].removeprefix("row ")), event["column"]
        known = next((name for name in COLUMNS if column == name or column.startswith(f"{name}.")), "")
        self.named.add((number, known))
        assert len(event["detail"]) > 10
        if known:
            self.rows[number - 2][COLUMNS.index(known)] = right(number - 2)[COLUMNS.index(known)]
        else:
            self.rows[number - 2] = right(number - 2)


def test_all_of_it_is_mended_by_what_the_command_says_alone(command, sheet):
    rows, planted = sheet
    assert sum(Counter(planted.values()).values()) + HEADER_MISTAKES + ENCODING_MISTAKES == 37
    assert len(set(planted.values())) + 2 == 21
    partner = Partner(rows)
    path = command.folder / "updates.csv"

    while True:
        path.write_bytes(partner.file())
        options = [word for option in partner.options for word in option]
        ran = command.run("update", path.name, "--json", *options)
        if ran.returncode != 5:
            break
        partner.mend(map(json.loads, ran.stdout.splitlines()))
        assert partner.rounds < 10, ran.stdout

    assert (ran.returncode, partner.rounds) == (0, 3)
    assert partner.named == set(planted)
    applied = sorted(entry["path"].rpartition("/")[2] for entry in CoreView(command.stack).journal())
    assert applied == [str(FIRST_ACTION + number) for number in range(COUNT)]
