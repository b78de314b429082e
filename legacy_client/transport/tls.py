"""Whom the core's connections trust: the system's CAs or one bundle, TLS 1.2 or later, host names checked."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from legacy_client.transport.base import Tls


def client_context(tls: Tls) -> ssl.SSLContext:
    """A context for connections to the core. Raises OSError (``ssl.SSLError`` included) for files that cannot be used."""
    context = ssl.create_default_context(cafile=tls.ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.cert_file:
        context.load_cert_chain(tls.cert_file, tls.key_file or None)
    return context
