"""Lines between a batch and its reader: in order, all of them, and never more held than the bound."""

from __future__ import annotations

import threading

import pytest

from gateway.api.lines import Lines

_SECONDS = 30.0


@pytest.fixture
def run():
    """``run(task)``: in a thread that has ended when the test does."""
    threads = []

    def start(task, *arguments):
        thread = threading.Thread(target=task, args=arguments, daemon=True)
        threads.append(thread)
        thread.start()
        return thread

    yield start
    for thread in threads:
        thread.join(_SECONDS)
        assert not thread.is_alive()


def test_what_is_there_is_taken_together():
    lines = Lines()
    lines.put(b"a\n")
    lines.put(b"b\n")

    assert lines.take(0) == b"a\nb\n"


def test_after_silence_nothing_is_taken_and_at_the_end_none():
    lines = Lines()

    assert lines.take(0) == b""
    lines.put(b"a\n")
    lines.end()
    assert lines.take(_SECONDS) == b"a\n"
    assert lines.take(_SECONDS) is None


class Meanwhile:
    """A wait in which something happens."""

    def __init__(self, task):
        self.task, self.seconds = task, []

    def wait(self, seconds):
        self.seconds.append(seconds)
        self.task()

    def set(self):
        """Nobody really waits."""


def test_lines_that_follow_each_other_closely_leave_together():
    now = [100.0]
    lines = Lines(clock=lambda: now[0])
    lines.put(b"a\n")
    assert lines.take(0) == b"a\n"
    lines._hurried = Meanwhile(lambda: lines.put(b"c\n"))

    lines.put(b"b\n")
    now[0] += 0.035
    assert lines.take(0) == b"b\nc\n"
    assert lines._hurried.seconds == [pytest.approx(0.005)]


def test_a_line_after_a_pause_leaves_at_once():
    now = [100.0]
    lines = Lines(clock=lambda: now[0])
    lines.put(b"a\n")
    lines.take(0)
    lines._hurried = Meanwhile(pytest.fail)

    now[0] += 0.04
    lines.put(b"b\n")

    assert lines.take(0) == b"b\n"


def test_a_full_buffer_holds_the_batch_until_something_is_taken(run):
    lines, put = Lines(most_bytes=4), threading.Event()
    lines.put(b"1234")

    def third():
        lines.put(b"5")
        put.set()

    run(third)
    assert not put.wait(0.05)
    assert lines.take(_SECONDS) == b"1234"
    assert put.wait(_SECONDS)
    assert lines.take(_SECONDS) == b"5"


def test_a_line_larger_than_the_bound_passes():
    lines = Lines(most_bytes=4)
    lines.put(b"123456")

    assert lines.take(0) == b"123456"


def test_a_reader_who_leaves_frees_the_batch_and_nothing_is_kept(run):
    lines, put = Lines(most_bytes=1), threading.Event()
    lines.put(b"1")

    def rest():
        for _ in range(3):
            lines.put(b"2")
        put.set()

    run(rest)
    lines.leave()

    assert put.wait(_SECONDS)
    assert lines.take(0) == b"1"
    assert lines.take(0) == b""


def test_no_line_is_lost_or_doubled_between_two_threads(run):
    lines = Lines(most_bytes=64)

    def put():
        for number in range(20_000):
            lines.put(b"%d\n" % number)
        lines.end()

    run(put)
    taken = b"".join(iter(lambda: lines.take(_SECONDS), None))

    assert taken.split() == [b"%d" % number for number in range(20_000)]
