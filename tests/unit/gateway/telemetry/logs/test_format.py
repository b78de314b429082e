from __future__ import annotations

import datetime as dt
import io
import json
import logging
import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.telemetry.context import request_context
from gateway.telemetry.logs import format as logs
from gateway.telemetry.logs.facts import FactsLine
from gateway.telemetry.logs.format import JsonFormatter
from gateway.telemetry.logs.pipe import DescriptorHandler

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTILE = "a\r\nlevel=error event=forged \x1b[31mred\x9b0m \u2028next \u202eback \ud800"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in logs.OWN_LOGGERS}
    for handler in handlers:
        root.removeHandler(handler)
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def _logged(
    log_format: str = "json", *, name: str = "gateway.batch.run", message: str = "item_failed", **extra: Any
) -> str:
    stream = io.StringIO()
    logs.configure(log_format, "info", stream)
    logging.getLogger(name).warning(message, extra=extra)
    return stream.getvalue()


def test_json_holds_event_level_time_logger_and_fields() -> None:
    line = json.loads(_logged(index=3, code="not_found"))

    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "warning",
        "event": "item_failed",
        "logger": "gateway.batch.run",
        "index": 3,
        "code": "not_found",
    }


def test_the_console_shows_key_value_pairs() -> None:
    line = _logged("console", index=3, reason="no route")

    assert line.endswith(' level=warning event=item_failed logger=gateway.batch.run index=3 reason="no route"\n')


@pytest.mark.parametrize(("stream", "starts"), [(io.StringIO(), "{"), (Terminal(), "timestamp=")])
def test_auto_means_columns_on_a_terminal_and_json_elsewhere(stream: io.StringIO, starts: str) -> None:
    logs.configure("auto", "info", stream)

    logging.getLogger("gateway").info("hello")

    assert stream.getvalue().startswith(starts)


def test_the_request_id_stands_on_every_line_of_the_request() -> None:
    token = request_context.set("01JREQ")

    try:
        assert json.loads(_logged())["request_id"] == "01JREQ"
        assert json.loads(_logged(name="urllib3", message="retrying"))["request_id"] == "01JREQ"
    finally:
        request_context.reset(token)


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("place", ["message", "reason", "nested"])
def test_no_value_can_forge_a_line_or_reach_the_terminal(log_format: str, place: str) -> None:
    places: dict[str, dict[str, Any]] = {"reason": {"reason": HOSTILE}, "nested": {"errors": {HOSTILE: [HOSTILE]}}}
    message = HOSTILE if place == "message" else "event"

    line = _logged(log_format, message=message, **places.get(place, {}))

    assert line.count("\n") == 1
    assert line[:-1].isprintable()


@given(st.text())
def test_any_text_becomes_one_printable_line(text: str) -> None:
    shown = logs.harmless(text)

    assert isinstance(shown, str)
    assert shown.isprintable()


@pytest.mark.parametrize("value", [2**70, -(2**70), object(), b"\xff", {1: {2: object()}}, {"a", "b"}, 1.5, None, True])
def test_a_value_of_any_type_can_be_logged(value: object) -> None:
    assert "odd" in json.loads(_logged(odd=value))


@pytest.mark.parametrize(("log_format", "breaks"), [("json", True), ("console", False)])
def test_a_traceback_is_one_field(log_format: str, breaks: bool) -> None:
    stream = io.StringIO()
    logs.configure(log_format, "info", stream)

    try:
        raise ValueError("planted\nlevel=error event=forged")
    except ValueError:
        logging.getLogger("gateway").exception("unhandled_fault")

    line = stream.getvalue()
    assert line.count("\n") == 1
    if breaks:
        assert json.loads(line)["exception"].splitlines()[-1] == "level=error event=forged"
    else:
        assert r"ValueError: planted" in line


@pytest.mark.parametrize(
    "secret",
    [
        "Bearer sk_live_123",
        "bearer eyJhbGciOi.eyJzdWIi.c2ln",
        "token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    ],
)
def test_what_looks_like_a_token_is_masked(secret: str) -> None:
    line = _logged(reason=f"refused {secret} because")

    assert secret.split()[-1] not in line
    assert "[secret] because" in line


def test_a_long_value_is_cut_in_the_middle() -> None:
    shown = json.loads(_logged(reason="a" * 5000 + "z" * 5000))["reason"]

    assert len(shown) == 2001
    assert shown.startswith("aaa")
    assert shown.endswith("zzz")


HEAD = {"level": "info", "event": "request_ended", "request_id": "", "logger": "gateway.tried"}


def _written(facts: dict[str, object]) -> dict[str, Any]:
    """The line that a file gets of ``facts``."""
    file = os.memfd_create("log")
    handler = DescriptorHandler(file)
    handler.setFormatter(logs.formatter(as_json=True))
    root = logging.getLogger()
    before, root.handlers[:] = root.handlers[:], [handler]
    try:
        FactsLine(logging.getLogger("gateway.tried"), "request_ended").tell(logging.INFO, facts, 1_700_000_000.0)
        return _untimed(os.pread(file, 100_000, 0))
    finally:
        root.handlers[:] = before
        os.close(file)


def _field_by_field(facts: dict[str, object]) -> dict[str, Any]:
    made = {"name": "gateway.tried", "levelno": logging.INFO, "levelname": "INFO", "msg": "request_ended"}
    return _untimed(logs.formatter(as_json=True).format(logging.makeLogRecord(made | facts)))


def _untimed(text: str | bytes) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(text)
    assert line.pop("timestamp").endswith("Z")
    return line


@given(
    principal=st.text(st.characters(exclude_categories=[]))
    | st.sampled_from([HOSTILE, "Bearer x", "eyJa.b.c", "a" * 2001, "\x7f", "é", "\u2028"]),
    number=st.integers() | st.floats(allow_nan=False) | st.sampled_from([2**53, 2**63, 2**64 - 1]),
)
def test_a_line_of_facts_is_what_it_is_field_by_field(principal: str, number: float) -> None:
    facts: dict[str, object] = {"request_id": "01JREQ", "principal_id": principal, "received_bytes": number}

    assert _written(facts) == _field_by_field(facts)


@pytest.mark.parametrize(
    "value", [object(), b"\xff", {1: {2: object()}}, {"a", "b"}, None, True, dt.datetime(1, 1, 1, tzinfo=dt.UTC)]
)
def test_a_fact_of_any_type_can_be_logged(value: object) -> None:
    facts = {"request_id": "01JREQ", "odd": value}

    assert _written(facts) == _field_by_field(facts)


def test_facts_without_a_request_id_have_that_of_their_request() -> None:
    token = request_context.set("01JREQ")

    try:
        assert _written({"request_id": "", "status": 200})["request_id"] == "01JREQ"
    finally:
        request_context.reset(token)


def test_a_line_of_facts_starts_with_its_fixed_columns() -> None:
    facts = {"method": "PATCH", "request_id": "01JREQ", "status": 200}

    assert JsonFormatter().line(1764380730.516888, HEAD, facts) == (
        b'{"timestamp":"2025-11-29T01:45:30.516888Z","level":"info","event":"request_ended","request_id":"01JREQ",'
        b'"logger":"gateway.tried","method":"PATCH","status":200}\n'
    )


@pytest.mark.parametrize("odd", ["a\nb", "\x7f", "\u2028", "\u202e", "Bearer x", "eyJ", "a" * 2000, object()])
def test_a_line_of_facts_in_which_something_may_do_harm_is_looked_at_field_by_field(odd: object) -> None:
    facts = {"request_id": "01JREQ", "principal_id": "é"}
    assert JsonFormatter().line(0.0, HEAD, facts)

    assert JsonFormatter().line(0.0, HEAD, facts | {"odd": odd}) == b""


@pytest.mark.parametrize(
    ("created", "shown"),
    [
        (1764380730.0, "2025-11-29T01:45:30.000000Z"),
        (1764380730.000001, "2025-11-29T01:45:30.000001Z"),
        (1764380730.99, "2025-11-29T01:45:30.990000Z"),
        (1764380730.9999998, "2025-11-29T01:45:31.000000Z"),
        (1764380729.5, "2025-11-29T01:45:29.500000Z"),
    ],
)
def test_a_time_is_told_to_the_nearest_microsecond(created: float, shown: str) -> None:
    line = JsonFormatter().line(created, HEAD, {"request_id": "01JREQ"})

    assert json.loads(line)["timestamp"] == shown


def test_other_libraries_are_heard_from_warnings_on() -> None:
    stream = io.StringIO()
    logs.configure("json", "debug", stream)

    logging.getLogger("urllib3.connectionpool").info("Starting new HTTP connection")
    logging.getLogger("urllib3.connectionpool").warning("Connection pool is full")
    logging.getLogger("gateway.auth").debug("jwks_key_skipped")

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == [
        "Connection pool is full",
        "jwks_key_skipped",
    ]


def test_warnings_are_lines_too() -> None:
    stream = io.StringIO()
    logs.configure("json", "info", stream)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(capture=False)

    assert json.loads(stream.getvalue())["logger"] == "py.warnings"


def test_a_closed_pipe_does_not_reach_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    logs.configure("json", "info", stream)
    stream.close()
    monkeypatch.setattr(sys, "stderr", None)

    logging.getLogger("gateway").info("request_ended")
