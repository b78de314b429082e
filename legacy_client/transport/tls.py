"""TLS to the core: 1.2 or later, host names checked, the system's CAs or one bundle."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from legacy_client.watched_files import WatchedFiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from legacy_client.transport.base import Tls

_log = logging.getLogger(__name__)


def client_context(tls: Tls) -> ssl.SSLContext:
    """Raises OSError (``ssl.SSLError`` is one) for files that cannot be used."""
    context = ssl.create_default_context(cafile=tls.ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # Some builds of Python take a cut connection for a closed one, and so a cut answer for a whole one.
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    if tls.cert_file:
        context.load_cert_chain(tls.cert_file, tls.key_file or None)
    return context


def watched_context(tls: Tls) -> Callable[[], ssl.SSLContext]:
    """Gives the context for the next connection, made again when a file changes."""
    paths = [Path(name) for name in (tls.ca_file, tls.cert_file, tls.key_file) if name]
    return WatchedFiles(
        paths,
        lambda: client_context(tls),
        tell=lambda reason: _log.warning(
            "core_tls_files_unusable", extra={"reason": reason, "files": [str(path) for path in paths]}
        ),
    ).current


def is_end_of_stream(error: BaseException) -> bool:
    """Whether the core cut the connection where TLS expected more."""
    # Some builds of Python have no class for a cut connection.
    is_cut = isinstance(error, ssl.SSLError) and getattr(error, "reason", None) == "UNEXPECTED_EOF_WHILE_READING"
    return is_cut or isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)


def refuses_us(error: BaseException) -> bool:
    """Whether the core's alert is about our certificate, or our having none.

    Under TLS 1.3 bytes of a request may have left before it comes, but the core has not read them.
    """
    alert = (getattr(error, "reason", None) or "") if isinstance(error, ssl.SSLError) else ""
    return "ALERT" in alert and any(word in alert for word in ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED"))
