from __future__ import annotations

import json

from gateway.audit.line import folded, unfolded
from tests.doubles.audit import NOT_FOUND, UNKNOWN, ended, written

NOON = 1_795_867_200.25
ABOUT = {
    "time": "2026-11-28T12:00:00.250000Z",
    "principal": "partners:alice",
    "request_id": "r1",
    "resource": "actions",
}


def line_of(*ids, with_applied=True, **batch):
    return json.loads(written(ended(*ids, **batch), NOON, with_applied=with_applied))


def test_a_batch_is_one_line_with_its_items_by_outcome():
    line = written(ended("1", "2", "3", failed={1: NOT_FOUND}, key_fingerprint="ab12"), NOON)

    assert line.count(b"\n") == 1
    assert json.loads(line) == {
        **ABOUT,
        "key_fingerprint": "ab12",
        "job": "",
        "seconds": 0.25,
        "items": [["applied", "ok", 2, ["1", "3"]], ["not_applied", "not_found", 1, ["2"]]],
    }


def test_of_failures_alone_the_ids_are_kept_and_of_the_others_the_number():
    assert line_of("1", "2", "3", failed={1: NOT_FOUND}, with_applied=False)["items"] == [
        ["applied", "ok", 2, []],
        ["not_applied", "not_found", 1, ["2"]],
    ]


def test_a_repeat_tells_what_it_sent_and_not_what_was_settled_before():
    repeat = line_of("1", "2", "3", failed={0: NOT_FOUND, 2: UNKNOWN}, to_send=[1, 2])

    assert repeat["items"] == [["applied", "ok", 1, ["2"]], ["unknown", "core_timeout", 1, ["3"]]]


def test_a_repeat_that_sends_nothing_has_no_line():
    assert folded(ended("1", failed={0: NOT_FOUND}, to_send=[]), NOON, with_applied=True) is None


def test_a_claim_with_any_code_point_can_be_kept():
    assert line_of("1", principal="partners:\ud800")["principal"] == "partners:\\ud800"


def test_each_item_has_a_record_of_its_own():
    line = line_of("1", "2", failed={1: UNKNOWN}, job="J1")

    assert list(unfolded(line)) == [
        {**ABOUT, "job": "J1", "id": "1", "outcome": "applied", "code": "ok"},
        {**ABOUT, "job": "J1", "id": "2", "outcome": "unknown", "code": "core_timeout"},
    ]
