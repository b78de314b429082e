"""Parts of a job: taken once, checked when they come, told by line (contract 1.6)."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.doubles.job_partner import ITEMS, NDJSON, Partner
from tests.doubles.service import assert_problem


def test_a_part_comes_as_lines_too_and_packed(partner):
    job = partner.made()
    lines = b"".join(json.dumps(item).encode() + b"\r\n" for item in ITEMS)
    put = partner.send(
        "PUT", f"/{job}/parts/1", body=gzip.compress(lines), Content_Type=NDJSON, Content_Encoding="gzip"
    )

    assert (put.status_code, put.headers.get("Content-Type")) == (204, None)
    assert partner.send("POST", f"/{job}/start", {"parts": 1}).get_json()["counts"]["total"] == 6


def test_a_part_keeps_the_trace_of_its_request(partner):
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    job = partner.made()
    partner.send("PUT", f"/{job}/parts/1", {"data": ITEMS}, traceparent=traceparent)
    partner.send("POST", f"/{job}/start", {"parts": 1})

    assert partner.chunks.next_chunk("w").traceparent == traceparent


def test_the_same_bytes_again_are_the_same_part_and_others_are_refused(partner):
    job = partner.filled(ITEMS)

    assert partner.send("PUT", f"/{job}/parts/1", {"data": ITEMS}).status_code == 204
    assert_problem(partner.send("PUT", f"/{job}/parts/1", {"data": ITEMS[:1]}), 409, "job-part-differs")
    assert partner.send("GET", f"/{job}").get_json()["counts"]["total"] == 6


def test_a_part_of_other_bytes_counts_as_what_is_refused(make_service):
    partner = Partner(make_service(core_auth="none", unsent_rate_limit="10/minute"))
    job = partner.filled(ITEMS)
    other = b'{"data":[' + b" " * 11_000 + b'{"actionId":"1","status":"done"}]}'
    assert_problem(partner.send("PUT", f"/{job}/parts/1", body=other), 409, "job-part-differs")

    assert_problem(partner.send("PUT", f"/{job}/parts/2", {"data": ITEMS}), 429, "quota-exceeded")


def test_what_is_wrong_in_a_part_is_told_by_line_and_the_job_waits_for_its_mending(partner):
    job = partner.made()
    broken = [ITEMS[0], {"actionId": "2", "status": "asleep"}]
    problem = assert_problem(partner.send("PUT", f"/{job}/parts/1", {"data": broken}), 400, "validation-failed")
    missing = assert_problem(partner.send("POST", f"/{job}/start", {"parts": 2}), 409, "job-parts-missing")

    assert [(error["line"], error["index"], error["field"]) for error in problem["errors"]] == [(2, 1, "status")]
    assert (missing["missing"], missing["refused"]) == ([2], [1])
    assert missing["detail"] == "The job cannot start: parts missing: 2, parts refused: 1."
    assert partner.send("PUT", f"/{job}/parts/1", {"data": ITEMS}).status_code == 204
    assert partner.send("POST", f"/{job}/start", {"parts": 1}).status_code == 202


def test_a_start_that_names_too_few_parts_tells_which_lie_beyond(partner):
    job = partner.made()
    for number, item in ((1, ITEMS[0]), (3, ITEMS[1])):
        assert partner.send("PUT", f"/{job}/parts/{number}", {"data": [item]}).status_code == 204
    problem = assert_problem(partner.send("POST", f"/{job}/start", {"parts": 2}), 409, "job-parts-missing")

    assert (problem["missing"], problem["surplus"]) == ([2], [3])
    assert problem["detail"] == "The job cannot start: parts missing: 2, parts beyond the last that was named: 3."


@pytest.mark.parametrize(
    ("body", "line", "detail"),
    [
        (b'{"actionId":"1","status":"active"}\n{"actionId":\n', 2, "Line 2 must be one JSON object."),
        (b'{"actionId":"1","status":"active"}\n\n{"actionId":"2","status":"active"}', 2, "Line 2 must be one JSON object."),
        (b'{"actionId":"1","status":"active"},{"actionId":"2","status":"active"}', 1, "Line 1 must be one JSON object."),
        (b'[1]\n', 1, "Line 1 must be one JSON object."),
        (b'{"actionId":"1","status":"active"}\n{"a" 1}\n', 2, "Line 2: Not valid JSON: Unexpected character, expected ':' after key at column 6."),
        (b'{"actionId":"1","status":"active"}\n{"a":"\xff"}\n', 2, "Line 2: Not valid JSON: Not UTF-8 at column 7."),
        (b'{"actionId":"1"}],"x":[{}\n', 1, "Line 1 must be one JSON object."),
    ],
)  # fmt: skip
def test_a_line_that_is_no_object_is_named(partner, body: bytes, line: int, detail: str):
    job = partner.made()
    problem = assert_problem(
        partner.send("PUT", f"/{job}/parts/1", body=body, Content_Type=NDJSON), 400, "invalid-json"
    )

    assert problem["line"] == line
    assert problem["detail"] == detail


@pytest.mark.parametrize("line", [b"", b" ", b"{}", b'{"actionId":"1","status":"active"}'])
def test_more_lines_than_a_batch_may_hold_are_told_before_any_is_looked_at(partner, line: bytes):
    job = partner.made()
    problem = assert_problem(
        partner.send("PUT", f"/{job}/parts/1", body=(line + b"\n") * 2000 + b"{}", Content_Type=NDJSON),
        413,
        "batch-too-large",
    )

    assert (problem["max_items"], problem["received_items"]) == (1000, 2001)


def test_an_id_that_came_in_an_earlier_part_names_its_place_there(partner):
    job = partner.filled(ITEMS[:3])
    problem = assert_problem(
        partner.send("PUT", f"/{job}/parts/2", {"data": [ITEMS[4], ITEMS[1]]}), 400, "validation-failed"
    )

    assert problem["errors"] == [
        {
            "index": 1,
            "line": 2,
            "actionId": "2",
            "field": "actionId",
            "code": "duplicate_action_id",
            "detail": "Must differ from the actionId of line 2 of part 1.",
            "first_index": 1,
        }
    ]


@pytest.mark.parametrize("number", ["0", "10001", "-1", "x", "1e3"])
def test_a_part_has_a_number_in_bounds(partner, number: str):
    problem = assert_problem(
        partner.send("PUT", f"/{partner.made()}/parts/{number}", {"data": ITEMS}), 413, "job-too-large"
    )

    assert problem["max_parts"] == 10_000


def test_a_job_has_a_most_of_items(make_service):
    partner = Partner(make_service(core_auth="none", max_job_items=5))
    job = partner.filled(ITEMS[:3])
    problem = assert_problem(partner.send("PUT", f"/{job}/parts/2", {"data": ITEMS[3:]}), 413, "job-too-large")

    assert (problem["max_job_items"], problem["received_items"]) == (5, 6)
