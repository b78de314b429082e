"""Whom a request is for: its Host, or the authority of its target (RFC 9112 section 3.2)."""

from __future__ import annotations

import re
from ipaddress import IPv6Address

_LETTER = r"[A-Za-z0-9\-._~!$&'()*+,;=]"
# RFC 3986 section 3.2.2, without an empty name, which http and https do not allow (RFC 9110 section 4.2).
_HOST_PORT = re.compile(
    rf"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|\[[vV][0-9A-Fa-f]+\.(?:{_LETTER}|:)+\]|(?:{_LETTER}|%[0-9A-Fa-f]{{2}})+)"
    r"(?::(?P<port>[0-9]*))?"
)
_ABSOLUTE = re.compile(r"https?://([^/?#]*)(?:[/?].*)?", re.IGNORECASE)
_MOST_PORT = 65_535
_PORT_DIGITS = 5


def is_host(text: str) -> bool:
    """Whether this is a host with or without a port, and nothing else: no user, no path, no blank."""
    # Nearly all are a plain name, for which the match says it all.
    found = _HOST_PORT.fullmatch(text)
    return found is not None and _is_address(found["ipv6"]) and _is_port(found["port"])


def authority_of(target: str) -> str | None:
    """The authority of a target in absolute form; None where it is no http or https URL."""
    found = _ABSOLUTE.fullmatch(target)
    return found and found[1]


def _is_address(ipv6: str | None) -> bool:
    try:
        return ipv6 is None or bool(IPv6Address(ipv6).packed)
    except ValueError:
        return False


def _is_port(digits: str | None) -> bool:
    return not digits or (len(digits) <= _PORT_DIGITS and int(digits) <= _MOST_PORT)
