from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from legacy_client.call_context import CallContext
from legacy_client.credentials import (
    Anonymous,
    ForwardedCredentials,
    StaticFileCredentials,
)
from legacy_client.deadline import Deadline
from legacy_client.errors import Misconfigured
from tests.unit.legacy_client.issuer import CONTEXT, bearer

if TYPE_CHECKING:
    from pathlib import Path

    from legacy_client.transport.memory import VirtualClock


def test_no_credentials_send_no_header() -> None:
    assert Anonymous().headers(CONTEXT) == {}
    assert Anonymous().refused({}) is False


def test_the_callers_authorization_is_forwarded() -> None:
    assert ForwardedCredentials().headers(CONTEXT) == bearer("the-callers")


def test_a_caller_without_authorization_makes_no_call() -> None:
    with pytest.raises(Misconfigured):
        ForwardedCredentials().headers(CallContext(concurrency=32, deadline=Deadline(60.0)))


def test_a_forwarded_token_cannot_be_renewed() -> None:
    assert ForwardedCredentials().refused(bearer("the-callers")) is False


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "header"
    path.write_text("X-Api-Key: first\n")
    return path


def replace(path: Path, text: str) -> None:
    """As secrets are rotated: a new file takes the name."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.rename(path)


def test_the_header_of_the_file_is_sent(file: Path) -> None:
    assert StaticFileCredentials(file).headers(CONTEXT) == {"X-Api-Key": "first"}


def test_a_value_may_contain_colons(file: Path) -> None:
    file.write_text("Authorization: Basic a:b\n")

    assert StaticFileCredentials(file).headers(CONTEXT) == {"Authorization": "Basic a:b"}


@pytest.mark.parametrize("text", ["", "no colon", ": value", "Name:", "A: 1\nB: 2"])
def test_a_file_that_is_no_header_line_stops_the_start(file: Path, text: str) -> None:
    file.write_text(text)

    with pytest.raises(ValueError, match="one header line"):
        StaticFileCredentials(file)


def test_a_missing_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="none"):
        StaticFileCredentials(tmp_path / "none")


def test_a_changed_file_is_read_again(file: Path, clock: VirtualClock) -> None:
    credentials = StaticFileCredentials(file, clock=clock)
    replace(file, "X-Api-Key: second")
    clock.advance(1.0)

    assert credentials.headers(CONTEXT) == {"X-Api-Key": "second"}


def test_the_file_is_looked_at_no_more_than_once_a_second(file: Path, clock: VirtualClock) -> None:
    credentials = StaticFileCredentials(file, clock=clock)
    replace(file, "X-Api-Key: second")
    clock.advance(0.9)

    assert credentials.headers(CONTEXT) == {"X-Api-Key": "first"}


def test_an_unchanged_file_is_not_read_again(file: Path, clock: VirtualClock) -> None:
    credentials = StaticFileCredentials(file, clock=clock)
    status = file.stat()
    file.write_text("X-Api-Key: other\n")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    clock.advance(1.0)

    assert credentials.headers(CONTEXT) == {"X-Api-Key": "first"}


@pytest.mark.parametrize("harm", ["removed", "malformed"])
def test_a_file_that_is_harmed_later_keeps_the_last_header(file: Path, clock: VirtualClock, harm: str) -> None:
    credentials = StaticFileCredentials(file, clock=clock)
    if harm == "removed":
        file.unlink()
    else:
        replace(file, "nonsense")
    clock.advance(1.0)

    assert credentials.headers(CONTEXT) == {"X-Api-Key": "first"}


def test_a_refused_header_is_looked_up_at_once(file: Path, clock: VirtualClock) -> None:
    credentials = StaticFileCredentials(file, clock=clock)
    replace(file, "X-Api-Key: second")

    assert credentials.refused({"X-Api-Key": "first"}) is True
    assert credentials.headers(CONTEXT) == {"X-Api-Key": "second"}
    assert credentials.refused({"X-Api-Key": "second"}) is False


def test_a_bad_new_file_is_told_once_and_names_nothing_of_the_value(
    file: Path, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    credentials = StaticFileCredentials(file, clock=clock)
    replace(file, 'X-Api-Key: "s3cret"')
    for _ in range(3):
        clock.advance(1.0)
        credentials.headers(CONTEXT)

    [told] = caplog.records
    assert told.message == "core_credentials_unreadable"
    assert told.reason == "must be one header line, whose value is not in quotes"


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"\xef\xbb\xbfX-Api-Key: s3cret", "byte order mark"),
        (b"\xff\xfeX\0-\0", "byte order mark"),
        (b'"X-Api-Key: s3cret"', "without quotes"),
        (b"-H 'X-Api-Key: s3cret'", "without quotes"),
        (b"X Api Key: s3cret", "without quotes, options or blanks"),
        (b'X-Api-Key: "s3cret"', "not in quotes"),
        (b"X-Api-Key: s3\0cret", "control characters"),
        (b"X-Api-Key: s3\rcret", "control characters"),
        (b"X-Api-Key: s3\x7fcret", "control characters"),
        (b"Content-Length: 5", "Content-Length"),
        (b"Transfer-Encoding: chunked", "Transfer-Encoding"),
        (b"connection: close", "connection"),
        (b"Keep-Alive: timeout=5", "Keep-Alive"),
        (b"Host: elsewhere", "Host"),
        (b"Expect: 100-continue", "Expect"),
        (b"Content-Type: text/plain", "Content-Type"),
        (b"Idempotency-Key: k", "Idempotency-Key"),
        (b"X-Request-Timeout-Ms: 5", "X-Request-Timeout-Ms"),
    ],
)
def test_what_a_core_could_take_for_another_request_or_none_is_no_header(file: Path, data: bytes, wrong: str) -> None:
    file.write_bytes(data)

    with pytest.raises(ValueError, match="must") as refused:
        StaticFileCredentials(file, own=frozenset({"x-request-timeout-ms"}))

    assert wrong in str(refused.value)
    assert "s3" not in str(refused.value)
