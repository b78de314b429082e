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


def variable_of(name: str) -> str:
    """Of a call's environment (PEP 3333), for a field's name in upper case."""
    key = name.replace("-", "_")
    # Host and framing come once, or the request is refused.
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


_VARIABLES = {spelling: variable_of(name.upper()) for name in _USUAL for spelling in (name, name.lower(), name.title())}


def plain_fields(section: bytes, most_bytes: int) -> dict[str, str] | None:
    """Fields by their variables, where nothing is unusual; else None, and a full parser decides.

    ``most_bytes`` of a line, with its end.
    """
    text = section.decode("latin-1")
    lines = text.split("\r\n")
    ends = len(lines) - 1
    if _UNUSUAL.search(text) or text.count("\r") != ends or text.count("\n") != ends:
        return None
    # Where no line can be too long, none is measured.
    may_be_long = len(text) + 2 > most_bytes
    fields = {}
    for line in lines:
        name, colon, value = line.partition(":")
        variable = _VARIABLES.get(name) or _variable(name)
        if not (variable and colon) or (may_be_long and len(line) + 2 > most_bytes):
            return None
        fields[variable] = value.strip(" \t")
    # Some fields may come once only.
    return fields if len(fields) == len(lines) else None


def _variable(name: str) -> str:
    """Empty where the name is unusual."""
    # gunicorn answers Expect itself.
    known = name.upper() if _TOKEN.fullmatch(name) else ""
    return variable_of(known) if known and known != "EXPECT" else ""


def name_of(variable: str) -> str:
    """Of the field, in upper case, if its name has no underscore."""
    return variable.removeprefix("HTTP_").replace("_", "-")
