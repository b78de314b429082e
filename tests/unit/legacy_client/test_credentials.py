from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from legacy_client.calls import CallContext
from legacy_client.credentials import (
    Anonymous,
    ClientCredentials,
    ForwardedCredentials,
    StaticFileCredentials,
)
from legacy_client.deadline import Deadline
from legacy_client.errors import Unreachable
from legacy_client.transport.memory import VirtualClock

if TYPE_CHECKING:
    from pathlib import Path

# Longer than any run of all tests.
CONTEXT = CallContext(concurrency=32, deadline=Deadline(86_400.0), authorization="Bearer the-callers")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(1000.0)


def test_no_credentials_send_no_header() -> None:
    assert Anonymous().headers(CONTEXT) == {}
    assert Anonymous().refused({}) is False


def test_the_callers_authorization_is_forwarded() -> None:
    assert ForwardedCredentials().headers(CONTEXT) == bearer("the-callers")


def test_a_caller_without_authorization_forwards_none() -> None:
    assert ForwardedCredentials().headers(CallContext(concurrency=32, deadline=Deadline(60.0))) == {}


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


class Issuer:
    """A token endpoint that counts, and fails when told."""

    def __init__(self, lifetime: float = 60.0) -> None:
        self.lifetime = lifetime
        self.fetches = 0
        self.fault: Exception | None = None

    def __call__(self) -> tuple[str, float]:
        self.fetches += 1
        if self.fault is not None:
            raise self.fault
        return f"token-{self.fetches}", self.lifetime


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def credentials(issuer: Issuer, clock: VirtualClock) -> ClientCredentials:
    return ClientCredentials(issuer, clock=clock)


def test_a_token_is_fetched_when_first_needed(credentials: ClientCredentials, issuer: Issuer) -> None:
    before = issuer.fetches

    assert (before, credentials.headers(CONTEXT), issuer.fetches) == (0, bearer("token-1"), 1)


def test_a_token_is_kept_while_it_is_good(credentials: ClientCredentials, issuer: Issuer, clock: VirtualClock) -> None:
    for _ in range(47):
        assert credentials.headers(CONTEXT) == bearer("token-1")
        clock.advance(1.0)

    assert issuer.fetches == 1


def test_a_token_is_renewed_before_it_expires(credentials: ClientCredentials, clock: VirtualClock) -> None:
    credentials.headers(CONTEXT)
    clock.advance(48.0)

    assert credentials.headers(CONTEXT) == bearer("token-2")


def test_while_the_endpoint_fails_the_old_token_is_used_until_it_expires(
    credentials: ClientCredentials, issuer: Issuer, clock: VirtualClock
) -> None:
    credentials.headers(CONTEXT)
    issuer.fault = TimeoutError()
    clock.advance(59.0)
    late = credentials.headers(CONTEXT)
    clock.advance(1.0)

    assert late == bearer("token-1")
    with pytest.raises(Unreachable):
        credentials.headers(CONTEXT)


@pytest.mark.parametrize("fault", [OSError(), ValueError("no JSON"), KeyError("access_token"), RecursionError()])
def test_without_any_token_nothing_can_be_sent(
    credentials: ClientCredentials, issuer: Issuer, fault: Exception
) -> None:
    issuer.fault = fault

    with pytest.raises(Unreachable) as caught:
        credentials.headers(CONTEXT)

    assert caught.value.retry_after == 1.0


def test_a_failing_endpoint_is_not_hammered(
    credentials: ClientCredentials, issuer: Issuer, clock: VirtualClock
) -> None:
    issuer.fault = OSError()
    for _ in range(30):
        with pytest.raises(Unreachable):
            credentials.headers(CONTEXT)
        clock.advance(0.1)

    assert issuer.fetches == 3


def test_the_pause_begins_when_a_fetch_has_failed_however_long_it_took(clock: VirtualClock) -> None:
    fetches = []

    def hangs() -> tuple[str, float]:
        fetches.append(clock())
        clock.advance(2.0)
        raise TimeoutError

    credentials = ClientCredentials(hangs, clock=clock)
    for wait in (0.0, 0.9, 0.2):
        clock.advance(wait)
        with pytest.raises(Unreachable):
            credentials.headers(CONTEXT)

    assert fetches == [1000.0, 1003.1]


def test_it_heals_when_the_endpoint_is_back(
    credentials: ClientCredentials, issuer: Issuer, clock: VirtualClock
) -> None:
    issuer.fault = OSError()
    with pytest.raises(Unreachable):
        credentials.headers(CONTEXT)
    issuer.fault = None
    clock.advance(1.0)

    assert credentials.headers(CONTEXT) == bearer("token-2")


def test_a_refused_token_is_replaced(credentials: ClientCredentials, clock: VirtualClock) -> None:
    refused = credentials.headers(CONTEXT)
    clock.advance(10.0)

    assert credentials.refused(refused) is True
    assert credentials.headers(CONTEXT) == bearer("token-2")


def test_a_fresh_token_that_is_refused_is_not_replaced(credentials: ClientCredentials, issuer: Issuer) -> None:
    refused = credentials.headers(CONTEXT)

    assert credentials.refused(refused) is False
    assert issuer.fetches == 1


def test_a_token_that_somebody_else_replaced_is_not_replaced_again(
    credentials: ClientCredentials, issuer: Issuer, clock: VirtualClock
) -> None:
    refused = credentials.headers(CONTEXT)
    clock.advance(10.0)
    credentials.refused(refused)

    assert credentials.refused(refused) is True
    assert issuer.fetches == 2


def test_a_refused_token_stays_when_there_is_no_other(
    credentials: ClientCredentials, issuer: Issuer, clock: VirtualClock
) -> None:
    refused = credentials.headers(CONTEXT)
    issuer.fault = OSError()
    clock.advance(10.0)

    assert credentials.refused(refused) is False


def test_many_who_need_the_first_token_fetch_it_once() -> None:
    entered, may_go_on = threading.Event(), threading.Event()
    fetches = []

    def fetch() -> tuple[str, float]:
        fetches.append(1)
        entered.set()
        assert may_go_on.wait(30.0)
        return "only", 60.0

    credentials = ClientCredentials(fetch)
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(credentials.headers(CONTEXT))) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert entered.wait(30.0)
    may_go_on.set()
    for thread in threads:
        thread.join(30.0)

    assert found == [bearer("only")] * 8
    assert len(fetches) == 1


def test_nobody_waits_for_a_token_beyond_their_own_deadline() -> None:
    entered, may_go_on = threading.Event(), threading.Event()

    def fetch() -> tuple[str, float]:
        entered.set()
        assert may_go_on.wait(30.0)
        return "late", 60.0

    credentials = ClientCredentials(fetch)
    fetching = threading.Thread(target=credentials.headers, args=(CONTEXT,))
    fetching.start()
    assert entered.wait(30.0)

    with pytest.raises(Unreachable):
        credentials.headers(CallContext(concurrency=32, deadline=Deadline(0.05)))
    is_still_fetching = fetching.is_alive()
    may_go_on.set()
    fetching.join(30.0)

    assert is_still_fetching
    assert credentials.headers(CONTEXT) == bearer("late")


def test_nobody_waits_for_a_renewal_while_the_old_token_is_good() -> None:
    clock = VirtualClock()
    entered, may_go_on = threading.Event(), threading.Event()
    tokens = iter(["old", "new"])

    def fetch() -> tuple[str, float]:
        token = next(tokens)
        if token == "new":
            entered.set()
            assert may_go_on.wait(30.0)
        return token, 60.0

    credentials = ClientCredentials(fetch, clock=clock)
    credentials.headers(CONTEXT)
    clock.advance(50.0)
    renewing = threading.Thread(target=credentials.headers, args=(CONTEXT,))
    renewing.start()
    assert entered.wait(30.0)

    meanwhile = credentials.headers(CONTEXT)
    may_go_on.set()
    renewing.join(30.0)

    assert meanwhile == bearer("old")
    assert credentials.headers(CONTEXT) == bearer("new")
