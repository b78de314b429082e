"""One contract for the sinks of the audit trail that can be read: files, SQLite and Redis."""

from __future__ import annotations

from contextlib import ExitStack, closing
from datetime import UTC, datetime
from functools import partial

import pytest
import redis

from gateway.audit.redis_sink import RedisSink
from gateway.audit.rotating_file import RotatingFile
from gateway.audit.sqlite_sink import SqliteSink
from tests.doubles.clocks import FakeClock

DAY = 86_400


@pytest.fixture
def clock():
    return FakeClock(datetime.now(UTC).timestamp())


@pytest.fixture(params=["file", "sqlite", "redis"])
def make_sink(request, tmp_path, clock):
    place, kind = (tmp_path / "audit",), RotatingFile if request.param == "file" else SqliteSink
    if request.param == "redis":
        url = request.getfixturevalue("redis_server").url
        with closing(redis.from_url(url)) as client:
            client.flushall()
        place, kind = (url,), partial(RedisSink, url_now=lambda: url)

    with ExitStack() as opened:
        yield lambda **more: opened.enter_context(
            closing(kind(*place, **{"max_bytes": 10_000_000, "days": 2, **more}, clock=clock))
        )


def bodies(sink, since=None):
    return [line.rstrip(b"\n") for line in sink.newest(since)]


def test_nothing_is_there_before_the_first_line(make_sink):
    assert bodies(make_sink()) == []


def test_lines_of_two_workers_are_read_newest_first_over_many_pages(make_sink):
    mine, theirs = make_sink(), make_sink()
    for number in range(0, 2000, 4):
        mine.write([b"%d\n" % number, b"%d\n" % (number + 1)])
        theirs.write([b"%d\n" % (number + 2), b"%d\n" % (number + 3)])

    assert bodies(make_sink()) == [b"%d" % number for number in reversed(range(2000))]


def test_the_trail_stays_within_its_size_and_the_newest_lines_are_there(make_sink):
    sink = make_sink(max_bytes=1_048_576)
    for number in range(400):
        sink.write([b"%d:%b\n" % (number, b"x" * 1000)] * 10)

    kept = bodies(make_sink())

    assert kept[0].startswith(b"399:")
    assert 200_000 < sum(map(len, kept)) <= 1_100_000


def test_old_lines_go(make_sink, clock, request):
    if "file" in request.node.name:
        pytest.skip("a file goes as a whole: test_rotating_file")
    sink = make_sink()
    sink.write([b"old\n"])
    if "redis" in request.node.name:
        # Redis gives its own time to lines; it is the clock of the trail that moves.
        sink.write([b"%d\n" % number for number in range(200)])
    clock.advance(3 * DAY)
    sink.write([b"new\n"])

    assert b"old" not in bodies(sink)


def test_what_is_older_than_asked_for_need_not_be_read(make_sink, clock):
    sink = make_sink()
    sink.write([b"1\n"])

    assert bodies(sink, datetime.fromtimestamp(clock.now - 60, UTC)) == [b"1"]
    assert bodies(sink, datetime.fromtimestamp(clock.now + 60, UTC)) == []
