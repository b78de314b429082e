"""A line of a job's results: written once, and read back as it was meant."""

from __future__ import annotations

import json

import pytest

from gateway.batch.outcome import ItemError
from gateway.item_codes import Applied
from gateway.jobs.result_lines import ChunkLines, ResultLine, read_line

UPDATE = b'{"actionId":"a\\"1","title":{"en":"x\\n"},"due":1.5}'
ERROR = ItemError(
    status=422,
    code="rejected",
    detail="The core rejected it.",
    outcome=Applied.NOT_APPLIED,
    retry_after=3,
    errors={"title": ["too long"]},
    message="No.",
)


@pytest.fixture
def lines() -> ChunkLines:
    return ChunkLines(['a"1', "b"], first_index=500, part=2, line=10, id_name="actionId", name="action")


def test_a_line_of_an_applied_item_has_its_place_and_what_was_answered(lines):
    text = lines.text([(0, UPDATE)])

    assert json.loads(text) == {
        "index": 500,
        "part": 2,
        "line": 11,
        "actionId": 'a"1',
        "outcome": "applied",
        "action": {"actionId": 'a"1', "title": {"en": "x\n"}, "due": 1.5},
    }
    assert (text.count(b"\n"), text[-1:]) == (1, b"\n")


def test_a_line_of_a_failed_item_has_its_error(lines):
    text = lines.text([(1, ERROR)])

    assert (text.count(b"\n"), text[-1:]) == (1, b"\n")
    assert json.loads(text) == {
        "index": 501,
        "part": 2,
        "line": 12,
        "actionId": "b",
        "outcome": "failed",
        "error": {
            "index": 501,
            "actionId": "b",
            "status": 422,
            "code": "rejected",
            "detail": "The core rejected it.",
            "outcome": "not_applied",
            "retryable": False,
            "retry_after": 3,
            "errors": {"title": ["too long"]},
            "message": "No.",
        },
    }


def test_a_line_is_read_as_it_was_written(lines):
    text = lines.text([(0, UPDATE)])

    assert read_line(text) == ResultLine(500, 2, 11, 'a"1', UPDATE)


def test_lines_stand_in_the_order_of_their_outcomes_and_as_they_are(lines):
    update = b'{"title":"100 %d \\n"}'

    told = [read_line(text) for text in lines.text([(1, ERROR), (0, update)]).splitlines()]

    assert told == [ResultLine(501, 2, 12, "b", ERROR), ResultLine(500, 2, 11, 'a"1', update)]
    assert lines.text([]) == b""


@pytest.mark.parametrize("text", [b"", b"[1]", b"{}", b'{"places":[[0,"final",1,2]],\n', b'{"index":1,"part":1}'])
def test_what_is_no_line_is_a_value_error(text: bytes):
    with pytest.raises(ValueError, match="not a line of results"):
        read_line(text)
