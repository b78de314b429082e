from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from gateway.telemetry.logs.gathered import GatheredLines
from tests.doubles.telemetry import a_request

if TYPE_CHECKING:
    import pytest

    from gateway.telemetry.details import RequestDetails

FOR_EVER = 3600.0


class Written:
    """What was written: levels and ids of requests, in order."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, str]] = []
        self.times: list[float] = []
        self.came = threading.Event()

    def __call__(self, level: int, request: RequestDetails, at: float) -> None:
        self.lines.append((level, request.request_id))
        self.times.append(at)
        self.came.set()


def test_a_line_goes_at_once_where_none_may_wait() -> None:
    written = Written()
    lines = GatheredLines(written, 0.0)

    lines.add(logging.INFO, a_request(request_id="a"))

    assert written.lines == [(logging.INFO, "a")]


def test_a_line_waits_for_others() -> None:
    written = Written()
    lines = GatheredLines(written, FOR_EVER)

    lines.add(logging.INFO, a_request(request_id="a"))
    lines.add(logging.DEBUG, a_request(request_id="b"))

    assert written.lines == []
    lines.write()
    assert written.lines == [(logging.INFO, "a"), (logging.DEBUG, "b")]
    lines.close()


def test_a_line_waits_no_longer_than_it_may() -> None:
    written = Written()
    lines = GatheredLines(written, 0.01)

    lines.add(logging.INFO, a_request(request_id="a"))
    assert written.came.wait(10)
    written.came.clear()
    lines.add(logging.INFO, a_request(request_id="b"))
    assert written.came.wait(10)

    assert written.lines == [(logging.INFO, "a"), (logging.INFO, "b")]
    lines.close()


def test_a_line_above_info_goes_at_once_after_those_before_it() -> None:
    written = Written()
    lines = GatheredLines(written, FOR_EVER)

    lines.add(logging.INFO, a_request(request_id="a"))
    lines.add(logging.WARNING, a_request(request_id="b", status=500))

    assert written.lines == [(logging.INFO, "a"), (logging.WARNING, "b")]
    lines.close()


def test_32_lines_wait_no_longer() -> None:
    written = Written()
    lines = GatheredLines(written, FOR_EVER)

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
    lines = GatheredLines(written, FOR_EVER)

    lines.add(logging.INFO, a_request(request_id="a"))
    now[0] += 0.04
    lines.write()

    assert written.times == [1_700_000_000.0]
    lines.close()


def test_what_waits_at_the_end_is_written_and_what_comes_later_too() -> None:
    written = Written()
    lines = GatheredLines(written, FOR_EVER)
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

    lines = GatheredLines(write, 0.01)

    lines.add(logging.INFO, a_request(request_id="bad"))
    lines.add(logging.INFO, a_request(request_id="good"))

    assert written.came.wait(10)
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

    lines = GatheredLines(write, FOR_EVER)
    for name in ("a", "bad", "b"):
        lines.add(logging.INFO, a_request(request_id=name))

    lines.close()

    assert written.lines == [(logging.INFO, "a"), (logging.INFO, "b")]
    assert caplog.messages == ["log_lines_failed"]
