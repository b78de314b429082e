from __future__ import annotations

import http.client
import ssl
from typing import TYPE_CHECKING

import requests.exceptions as r
import urllib3.exceptions as u

from legacy_client.errors import BadAnswer, BrokenOff, CoreError, TimedOut, Unreachable, Unsendable, Untrusted
from legacy_client.transport.reasons import causes, reason_of, telling_cause
from legacy_client.transport.tls import is_end_of_stream, refuses_us

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    for cause in causes(exc):
        if is_end_of_stream(cause):
            return Unreachable(_reason(exc))
        if isinstance(cause, ssl.SSLError):
            return Untrusted(_reason(cause))
    return Unreachable(_reason(exc))


def failed_before_connecting(exc: BaseException) -> CoreError:
    """The adapter never reached a connection."""
    for kinds, error in _NOT_SENT:
        if any(isinstance(cause, kinds) for cause in causes(exc)):
            return error(_reason(exc))
    return failed_after_sending(exc)


def failed_after_sending(exc: BaseException) -> CoreError:
    """Bytes have left."""
    if any(refuses_us(cause) for cause in causes(exc)):
        return Untrusted(_reason(exc))
    for kinds, error in _MAY_HAVE_BEEN_SENT:
        if any(isinstance(cause, kinds) for cause in causes(exc)):
            return error(_reason(exc))
    return BrokenOff(_reason(exc))


def _reason(exc: BaseException) -> str:
    return reason_of(telling_cause(exc) or [*causes(exc)][-1])
