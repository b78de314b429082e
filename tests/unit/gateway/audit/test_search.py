from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.audit.search import Wish, parse_since, records
from tests.doubles.audit import NOT_FOUND, MemorySink, ended, written

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def sink():
    made = MemorySink()
    for minutes, batch in (
        (0, ended("1", "2", failed={1: NOT_FOUND})),
        (10, ended("2", "12", principal="partners:bob", request_id="r2")),
        (20, ended("8c0a/2", resource="integrations", request_id="r3", principal="key:1")),
    ):
        made.write([written(batch, NOON.timestamp() + 60 * minutes)])
    return made


def ids(sink, **wish):
    return [(record["request_id"], record["id"], record["code"]) for record in records(sink, Wish(**wish))]


def test_an_item_is_found_in_each_batch_that_had_it_newest_first(sink):
    assert ids(sink, item="2") == [("r3", "8c0a/2", "ok"), ("r2", "2", "ok"), ("r1", "2", "not_found")]
    assert ids(sink, item="8c0a/2") == [("r3", "8c0a/2", "ok")]


def test_all_items_of_a_caller_or_a_request_are_found(sink):
    assert ids(sink, principal="partners:alice") == [("r1", "1", "ok"), ("r1", "2", "not_found")]
    assert ids(sink, request_id="r2") == [("r2", "2", "ok"), ("r2", "12", "ok")]
    assert ids(sink, principal="partners:ali") == []


def test_what_is_older_is_left_out(sink):
    assert ids(sink, since=NOON + timedelta(minutes=10)) == [
        ("r3", "8c0a/2", "ok"),
        ("r2", "2", "ok"),
        ("r2", "12", "ok"),
    ]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("90s", NOON - timedelta(seconds=90)),
        ("2h", NOON - timedelta(hours=2)),
        ("3d", NOON - timedelta(days=3)),
        ("2026-11-28T10:00", datetime(2026, 11, 28, 10, tzinfo=UTC)),
        ("2026-11-28T10:00+01:00", datetime(2026, 11, 28, 9, tzinfo=UTC)),
    ],
)
def test_since_is_so_long_ago_or_a_time(text, at):
    assert parse_since(text, NOON) == at


@pytest.mark.parametrize("text", ["", "yesterday", "2 h", "-1h", "h"])
def test_any_other_since_is_refused(text):
    with pytest.raises(ValueError, match="must be"):
        parse_since(text, NOON)
