from __future__ import annotations

import http.client
import socket
import ssl

import pytest
import requests.exceptions as r
import urllib3.exceptions as u
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection

from legacy_client.errors import (
    BadAnswer,
    BrokenOff,
    CoreError,
    TimedOut,
    Unreachable,
    Unsendable,
    Untrusted,
)
from legacy_client.transport.sessions.failures import failed_after_sending, failed_before_connecting, failed_to_connect

POOL = HTTPConnectionPool("core.test")
CONNECTION = HTTPConnection("core.test")


def _named(value: object) -> str:
    # Not repr: an address in a test's name would be another one in each process that collects it.
    return value.__name__ if isinstance(value, type) else type(value).__name__


def wrapped(cause: BaseException) -> r.ConnectionError:
    """As requests and urllib3 pass on what went wrong on a connection."""
    return r.ConnectionError(u.ProtocolError("Connection aborted.", cause))


@pytest.mark.parametrize(
    ("exc", "kind"),
    [
        (r.ReadTimeout(u.ReadTimeoutError(POOL, "/", "read timed out")), TimedOut),
        (r.ConnectionError(u.ReadTimeoutError(POOL, "/", "read timed out")), TimedOut),
        (wrapped(TimeoutError("timed out")), TimedOut),
        (wrapped(ConnectionResetError(104, "reset")), BrokenOff),
        (wrapped(BrokenPipeError(32, "pipe")), BrokenOff),
        (wrapped(http.client.RemoteDisconnected("closed")), BrokenOff),
        (wrapped(http.client.BadStatusLine("garbage")), BadAnswer),
        (wrapped(http.client.LineTooLong("header line")), BadAnswer),
        (wrapped(http.client.HTTPException("got more than 100 headers")), BadAnswer),
        (wrapped(http.client.UnknownProtocol("HTTP/9")), BadAnswer),
        (r.ChunkedEncodingError(u.ProtocolError("broken", u.IncompleteRead(5, 95))), BrokenOff),
        (r.ChunkedEncodingError(u.ProtocolError("broken", http.client.IncompleteRead(b"x", 9))), BrokenOff),
        (r.ChunkedEncodingError(u.ProtocolError("Response ended prematurely")), BrokenOff),
        (r.ContentDecodingError(u.DecodeError("not gzip")), BadAnswer),
        (r.InvalidHeader(u.InvalidHeader("two lengths")), BadAnswer),
        (r.SSLError(ssl.SSLError(1, "decryption failed")), BrokenOff),
        (OSError(113, "no route"), BrokenOff),
        (RuntimeError("a bug"), BrokenOff),
    ],
    ids=_named,
)
def test_after_the_first_byte_every_failure_is_uncertain(exc: Exception, kind: type[CoreError]) -> None:
    result = failed_after_sending(exc)

    assert type(result) is kind
    assert result.may_have_been_applied


@pytest.mark.parametrize(
    "reason", ["TLSV13_ALERT_CERTIFICATE_REQUIRED", "TLSV1_ALERT_UNKNOWN_CA", "SSLV3_ALERT_BAD_CERTIFICATE"]
)
def test_an_alert_about_our_certificate_means_that_the_core_did_not_look_at_the_request(reason: str) -> None:
    alert = ssl.SSLError(1, reason)
    alert.reason = reason

    assert type(failed_after_sending(r.SSLError(u.SSLError(alert)))) is Untrusted


@pytest.mark.parametrize(
    ("exc", "kind"),
    [
        (ssl.SSLCertVerificationError(1, "self-signed"), Untrusted),
        (ssl.SSLError(1, "wrong version number"), Untrusted),
        (r.SSLError(u.MaxRetryError(POOL, "/", u.SSLError(ssl.SSLCertVerificationError(1, "expired")))), Untrusted),
        (ssl.SSLEOFError(8, "eof"), Unreachable),
        (ConnectionRefusedError(111, "refused"), Unreachable),
        (ConnectionResetError(104, "reset"), Unreachable),
        (TimeoutError("timed out"), Unreachable),
        (socket.gaierror(-2, "not known"), Unreachable),
        (RuntimeError("a bug"), Unreachable),
    ],
    ids=_named,
)
def test_without_a_connection_nothing_was_sent(exc: Exception, kind: type[CoreError]) -> None:
    result = failed_to_connect(exc)

    assert type(result) is kind
    assert not result.may_have_been_applied


@pytest.mark.parametrize(
    ("exc", "kind"),
    [
        (r.ConnectTimeout(u.ConnectTimeoutError(CONNECTION, "timed out")), Unreachable),
        (r.ConnectionError(u.MaxRetryError(POOL, "/", u.NewConnectionError(CONNECTION, "refused"))), Unreachable),
        (
            r.ConnectionError(
                u.MaxRetryError(POOL, "/", u.NameResolutionError("core.test", CONNECTION, socket.gaierror(-2)))
            ),
            Unreachable,
        ),
        (u.EmptyPoolError(POOL, "none free"), Unreachable),
        (u.ClosedPoolError(POOL, "closed"), Unreachable),
        (r.InvalidURL("no host"), Unsendable),
        (r.InvalidHeader("line break"), Unsendable),
        (r.InvalidSchema("ftp"), Unsendable),
        (r.ReadTimeout(), TimedOut),
        (r.ConnectionError("reset"), BrokenOff),
        (RuntimeError("a bug"), BrokenOff),
    ],
    ids=_named,
)
def test_where_the_adapter_gives_no_sign_only_what_is_certain_counts_as_not_sent(
    exc: Exception, kind: type[CoreError]
) -> None:
    assert type(failed_before_connecting(exc)) is kind


def test_the_reason_names_the_innermost_cause_and_shows_no_address() -> None:
    result = failed_to_connect(r.ConnectionError(u.MaxRetryError(POOL, "/secret", ConnectionRefusedError(111, "x"))))

    assert result.reason == "ECONNREFUSED"
