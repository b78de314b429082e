"""What each status of the core means stands once in the code, and the same in the operators' guide."""

from __future__ import annotations

import pytest

from legacy_client.errors import AccessDenied, BadAnswer, Busy, CoreError, Rejected, ServerFailed
from legacy_client.sending.statuses import MEANINGS, meaning_of, table
from tests.docs import DOCS

_HEAD = ["| status | means |", "|---|---|"]


def test_the_operators_guide_shows_the_table_of_the_code() -> None:
    page = (DOCS / "operators" / "core.md").read_text(encoding="utf-8").splitlines()

    begins = page.index(_HEAD[0])

    assert page[begins : page.index("", begins)] == [*_HEAD, *table()], "legacy_client/sending/statuses.py has changed"


def test_no_status_stands_in_two_rows() -> None:
    statuses = [status for row in MEANINGS for status in row.statuses]

    assert len(set(statuses)) == len(statuses)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (408, Busy),
        (423, Busy),
        (407, AccessDenied),
        (451, Rejected),
        (500, ServerFailed),
        (304, BadAnswer),
        (999, BadAnswer),
    ],
)
def test_a_status_has_its_row_or_that_of_its_hundred(status: int, kind: type[CoreError]) -> None:
    assert meaning_of(status) is kind
