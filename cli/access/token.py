"""What an access token says of itself, unverified: only the gateway can verify it."""

from __future__ import annotations

import base64
import binascii
import json


def subject_of(token: str) -> str:
    """Issuer and subject (RFC 7519 section 4.1); empty for a token that is no JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return f"{claims['iss']} {claims['sub']}"
    except (ValueError, KeyError, TypeError, binascii.Error):
        return ""
