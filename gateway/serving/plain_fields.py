from __future__ import annotations

import re

# Of a field's value, or the end of its line: all that gunicorn's parser takes (RFC 9110 section 5.5).
_UNUSUAL = re.compile(r"[^\t\r\n\x20-\x7e\x80-\xff]")
# Without underscores, on which gunicorn has a policy.
_TOKEN = re.compile(r"[!#$%&'*+.^`|~0-9A-Za-z-]+")
_USUAL = (
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "Cache-Control",
    "Connection",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "Cookie",
    "Host",
    "Idempotency-Key",
    "If-None-Match",
    "Origin",
    "Prefer",
    "Transfer-Encoding",
    "User-Agent",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
    "X-Request-ID",
    "traceparent",
    "tracestate",
)
_NAMES = {spelling: name.upper() for name in _USUAL for spelling in (name, name.lower(), name.title())}


def plain_fields(section: bytes, most_bytes: int) -> list[tuple[str, str]] | None:
    """Names in upper case, and values, where nothing is unusual; else None, and a full parser decides.

    ``most_bytes`` of a line, with its end.
    """
    text = section.decode("latin-1")
    lines = text.split("\r\n")
    ends = len(lines) - 1
    if _UNUSUAL.search(text) or text.count("\r") != ends or text.count("\n") != ends:
        return None
    fields = []
    for line in lines:
        name, colon, value = line.partition(":")
        known = _NAMES.get(name) or _known(name)
        if not (known and colon) or len(line) + 2 > most_bytes:
            return None
        fields.append((known, value.strip(" \t")))
    # Some fields may come once only.
    return fields if len(dict(fields)) == len(fields) else None


def _known(name: str) -> str:
    """In upper case; empty where it is unusual."""
    # gunicorn answers Expect itself.
    known = name.upper() if _TOKEN.fullmatch(name) else ""
    return "" if known == "EXPECT" else known
