"""Why a connection failed, in words without data."""

from __future__ import annotations

import errno
import socket
import ssl

# Raised without an errno by libraries, and by us.
_ERRNOS = ((ConnectionRefusedError, "ECONNREFUSED"), (ConnectionResetError, "ECONNRESET"), (BrokenPipeError, "EPIPE"))


def reason_of(error: BaseException) -> str:
    """``ECONNREFUSED``, ``CERTIFICATE_VERIFY_FAILED (certificate has expired)``, or the kind of any other error."""
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
