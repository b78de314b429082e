from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from gevent import GreenletExit

from gateway.telemetry.logs.gathered import GatheredLines
from tests.doubles.telemetry import a_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.telemetry.details import RequestDetails


class ByHand:
    """Keeps what it is given until ``run`` is called."""

    def __init__(self) -> None:
        self.asked: list[Callable[[], None]] = []

    def __call__(self, work: Callable[[], None]) -> None:
        self.asked.append(work)

    def run(self) -> None:
        asked, self.asked = self.asked, []
        for work in asked:
            work()


class Written:
    """What was written: levels and ids of requests, in order."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, str]] = []
        self.times: list[float] = []

    def __call__(self, level: int, request: RequestDetails, at: float) -> None:
        self.lines.append((level, request.request_id))
        self.times.append(at)


def test_a_line_goes_at_once_where_none_may_wait() -> None:
    written = Written()
    lines = GatheredLines(written, None)

    lines.add(logging.INFO, a_request(request_id="a"))

    assert written.lines == [(logging.INFO, "a")]


def test_a_line_waits_for_others() -> None:
    written = Written()
    lines = GatheredLines(written, ByHand())

    lines.add(logging.INFO, a_request(request_id="a"))
    lines.add(logging.DEBUG, a_request(request_id="b"))

    assert written.lines == []
    lines.write()
    assert written.lines == [(logging.INFO, "a"), (logging.DEBUG, "b")]
    lines.close()


def test_lines_wait_no_longer_than_they_may() -> None:
    written, later = Written(), ByHand()
    lines = GatheredLines(written, later)

    for name in ("a", "b"):
        lines.add(logging.INFO, a_request(request_id=name))
    assert len(later.asked) == 1
    later.run()
    assert written.lines == [(logging.INFO, "a"), (logging.INFO, "b")]
    lines.add(logging.INFO, a_request(request_id="c"))
    later.run()

    assert written.lines[2:] == [(logging.INFO, "c")]


def test_a_line_above_info_goes_at_once_after_those_before_it() -> None:
    written = Written()
    lines = GatheredLines(written, ByHand())

    lines.add(logging.INFO, a_request(request_id="a"))
    lines.add(logging.WARNING, a_request(request_id="b", status=500))

    assert written.lines == [(logging.INFO, "a"), (logging.WARNING, "b")]
    lines.close()


def test_32_lines_wait_no_longer() -> None:
    written = Written()
    lines = GatheredLines(written, ByHand())

    for number in range(31):
        lines.add(logging.INFO, a_request(request_id=str(number)))
    assert written.lines == []
    lines.add(logging.INFO, a_request(request_id="31"))

    assert [name for _, name in written.lines] == [str(number) for number in range(32)]
    lines.close()


def test_a_line_tells_when_its_request_ended_not_when_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_700_000_000.0]
    monkeypatch.setattr("gateway.telemetry.logs.gathered.time", lambda: now[0])
    written = Written()
    lines = GatheredLines(written, ByHand())

    lines.add(logging.INFO, a_request(request_id="a"))
    now[0] += 0.04
    lines.write()

    assert written.times == [1_700_000_000.0]
    lines.close()


def test_what_waits_at_the_end_is_written_and_what_comes_later_too() -> None:
    written = Written()
    lines = GatheredLines(written, ByHand())
    lines.add(logging.INFO, a_request(request_id="a"))

    lines.close()
    lines.add(logging.INFO, a_request(request_id="b"))

    assert written.lines == [(logging.INFO, "a"), (logging.INFO, "b")]


def test_a_line_that_cannot_be_written_holds_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    written = Written()

    def write(level: int, request: RequestDetails, at: float) -> None:
        if request.request_id == "bad":
            raise ValueError("bad")
        written(level, request, at)

    later = ByHand()
    lines = GatheredLines(write, later)

    lines.add(logging.INFO, a_request(request_id="bad"))
    lines.add(logging.INFO, a_request(request_id="good"))

    later.run()
    assert written.lines == [(logging.INFO, "good")]
    assert "log_lines_failed" in caplog.messages
    lines.close()


def test_a_line_that_cannot_be_written_is_told_once_and_takes_no_other_with_it_at_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    written = Written()

    def write(level: int, request: RequestDetails, at: float) -> None:
        if request.request_id == "bad":
            raise ValueError("bad")
        written(level, request, at)

    lines = GatheredLines(write, ByHand())
    for name in ("a", "bad", "b"):
        lines.add(logging.INFO, a_request(request_id=name))

    lines.close()

    assert written.lines == [(logging.INFO, "a"), (logging.INFO, "b")]
    assert caplog.messages == ["log_lines_failed"]


def test_lines_that_a_greenlet_left_at_its_end_are_written_a_moment_later() -> None:
    written, later = Written(), ByHand()

    def write(level: int, request: RequestDetails, at: float) -> None:
        if request.request_id == "b":
            raise GreenletExit
        written(level, request, at)

    lines = GatheredLines(write, later)
    for name in ("a", "b", "c"):
        lines.add(logging.INFO, a_request(request_id=name))

    with pytest.raises(GreenletExit):
        later.run()
    lines.add(logging.INFO, a_request(request_id="d"))
    later.run()

    assert [name for _, name in written.lines] == ["a", "c", "d"]
