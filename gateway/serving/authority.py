from __future__ import annotations

import re
from ipaddress import IPv6Address

_LETTER = r"[A-Za-z0-9\-_~!$&'()*+,;=]"
_LABEL = rf"(?:{_LETTER}|%[0-9A-Fa-f]{{2}})+"
# RFC 3986 section 3.2.2. http and https allow no empty name (RFC 9110 section 4.2), and DNS no empty label but the last.
_HOST_PORT = re.compile(
    rf"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|\[[vV][0-9A-Fa-f]+\.(?:{_LETTER}|[.:])+\]|{_LABEL}(?:\.{_LABEL})*\.?)"
    r"(?::(?P<port>[0-9]*))?"
)
_ABSOLUTE = re.compile(r"https?://([^/?#]*)(?:[/?].*)?", re.IGNORECASE)
_MOST_PORT = 65_535
_PORT_DIGITS = 5


def is_host(text: str) -> bool:
    """With or without a port (RFC 9112 section 3.2)."""
    # For a plain name, the usual case, the match is enough.
    found = _HOST_PORT.fullmatch(text)
    return found is not None and _is_address(found["ipv6"]) and _is_port(found["port"])


def authority_of(target: str) -> str | None:
    """None unless ``target`` is an http or https URL."""
    found = _ABSOLUTE.fullmatch(target)
    return found and found[1]


def _is_address(ipv6: str | None) -> bool:
    try:
        return ipv6 is None or bool(IPv6Address(ipv6).packed)
    except ValueError:
        return False


def _is_port(digits: str | None) -> bool:
    return not digits or (len(digits) <= _PORT_DIGITS and int(digits) <= _MOST_PORT)
