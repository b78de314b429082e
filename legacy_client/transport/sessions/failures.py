"""What an exception of requests, urllib3 or http.client says of a call."""

from __future__ import annotations

import http.client
import ssl
from typing import TYPE_CHECKING

import requests.exceptions as r
import urllib3.exceptions as u

from legacy_client.errors import BadAnswer, BrokenOff, CoreError, TimedOut, Unreachable, Unsendable, Untrusted
from legacy_client.transport.reasons import reason_of
from legacy_client.transport.tls import is_end_of_stream, refuses_us

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Kinds = tuple[type[BaseException], ...]

_NOT_SENT: Sequence[tuple[Kinds, type[CoreError]]] = (
    ((r.ConnectTimeout, u.ConnectTimeoutError, u.NewConnectionError, u.EmptyPoolError, u.ClosedPoolError), Unreachable),
    ((r.InvalidHeader, r.InvalidURL, r.InvalidSchema, r.MissingSchema, u.LocationValueError), Unsendable),
)
# The order matters: RemoteDisconnected is also a bad status line, a truncated body also an HTTPException.
_MAY_HAVE_BEEN_SENT: Sequence[tuple[Kinds, type[CoreError]]] = (
    ((r.Timeout, u.TimeoutError, TimeoutError), TimedOut),
    ((u.InvalidChunkLength,), BadAnswer),
    ((ConnectionError, ssl.SSLError, u.IncompleteRead, http.client.IncompleteRead), BrokenOff),
    ((http.client.HTTPException, u.DecodeError, u.HeaderParsingError, u.InvalidHeader, r.InvalidHeader), BadAnswer),
)


def failed_to_connect(exc: BaseException) -> CoreError:
    """Nothing was sent."""
    for cause in _causes(exc):
        if is_end_of_stream(cause):
            return Unreachable(_reason(exc))
        if isinstance(cause, ssl.SSLError):
            return Untrusted(_reason(cause))
    return Unreachable(_reason(exc))


def failed_before_connecting(exc: BaseException) -> CoreError:
    """The adapter never reached a connection."""
    for kinds, error in _NOT_SENT:
        if any(isinstance(cause, kinds) for cause in _causes(exc)):
            return error(_reason(exc))
    return failed_after_sending(exc)


def failed_after_sending(exc: BaseException) -> CoreError:
    """Bytes have left."""
    if any(refuses_us(cause) for cause in _causes(exc)):
        return Untrusted(_reason(exc))
    for kinds, error in _MAY_HAVE_BEEN_SENT:
        if any(isinstance(cause, kinds) for cause in _causes(exc)):
            return error(_reason(exc))
    return BrokenOff(_reason(exc))


def _causes(exc: BaseException) -> Iterator[BaseException]:
    # urllib3 keeps the cause in ``args`` or ``reason``, Python in ``__context__``.
    pending, seen = [exc], set()
    while pending:
        cause = pending.pop()
        if id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            wrapped = (*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__)
            pending.extend(inner for inner in wrapped if isinstance(inner, BaseException))


def _reason(exc: BaseException) -> str:
    """What Python's own error says, else the innermost of the libraries."""
    causes = [*_causes(exc)]
    own = (cause for cause in causes if isinstance(cause, OSError) and not isinstance(cause, r.RequestException))
    return reason_of(next(own, causes[-1]))
