"""Which client is asking: by form fields or by HTTP Basic (RFC 6749 §2.3.1)."""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from sandbox.identity.errors import refuse
from sandbox.identity.realm import CLIENTS

if TYPE_CHECKING:
    from sandbox.identity.realm import Client
    from sandbox.server.messages import Request


def authenticate(request: Request) -> Client:
    """The client. Its secret is checked unless it is public. Raises Refusal with 401."""
    client_id, secret = _credentials(request)
    client = CLIENTS.get(client_id)
    if client is None or not secrets.compare_digest(client.secret.encode(), secret.encode()):
        raise refuse(401, "invalid_client", "Invalid client or Invalid client credentials")
    return client


def confidential(request: Request) -> Client:
    """The client. Raises Refusal with 401, for public clients too."""
    client = authenticate(request)
    if not client.secret:
        raise refuse(401, "unauthorized_client", "Public client not allowed")
    return client


def _credentials(request: Request) -> tuple[str, str]:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        form = request.form()
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)
