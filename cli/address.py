"""Addresses that are safe to send credentials to."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from cli import VERSION
from cli.errors import Usage

USER_AGENT = f"actions/{VERSION}"


def safe_url(url: str, *, plain_http: bool) -> str:
    """Without its last slash. Raises Usage for one that would show credentials to others."""
    try:
        parts = urlsplit(url)
    except ValueError as exc:
        raise Usage("what is given must be an address such as https://gateway.example") from exc
    if "@" in url or parts.query or parts.fragment:
        # Not shown: these are where secrets stand.
        raise Usage(
            "what is given must be an address such as https://gateway.example, without a user, a query or a fragment"
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Usage(f"{url!r} must be an address such as https://gateway.example")
    if parts.scheme == "http" and not plain_http and not _is_loopback(parts.hostname):
        raise Usage(
            f"{url!r}: with http:// others can read the token; use https://, or --plain-http where that is meant"
        )
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
