"""No reason holds data."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Raised without an errno by libraries, and by us.
_ERRNOS = ((ConnectionRefusedError, "ECONNREFUSED"), (ConnectionResetError, "ECONNRESET"), (BrokenPipeError, "EPIPE"))


class EndOfStream(ConnectionError):
    """The text says when."""


def reason_of(error: BaseException) -> str:
    """``ECONNREFUSED``, ``CERTIFICATE_VERIFY_FAILED (certificate has expired)``, or the kind of any other error."""
    if isinstance(error, EndOfStream):
        return str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"CERTIFICATE_VERIFY_FAILED ({getattr(error, 'verify_message', '')})"
    if isinstance(error, ssl.SSLError):
        # Only errors of OpenSSL have a reason.
        return getattr(error, "reason", None) or type(error).__name__
    if isinstance(error, socket.gaierror):
        return "the name did not resolve"
    if isinstance(error, OSError) and error.errno is not None:
        return errno.errorcode.get(error.errno, f"errno {error.errno}")
    return next((name for kind, name in _ERRNOS if isinstance(error, kind)), type(error).__name__)


def causes(exc: BaseException) -> Iterator[BaseException]:
    # urllib3 keeps the cause in ``args`` or ``reason``, Python in ``__context__``.
    pending, seen = [exc], set()
    while pending:
        cause = pending.pop()
        if id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            wrapped = (*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__)
            pending.extend(inner for inner in wrapped if isinstance(inner, BaseException))


def telling_cause(exc: BaseException) -> BaseException | None:
    """The cause that has a reason of its own: an errno, or what TLS says."""
    return next(filter(_tells, causes(exc)), None)


def _tells(error: BaseException) -> bool:
    has_errno = isinstance(error, OSError) and error.errno is not None
    return has_errno or isinstance(error, (ssl.SSLError, *(kind for kind, _ in _ERRNOS)))
