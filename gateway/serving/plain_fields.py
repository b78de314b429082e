from __future__ import annotations

import re

# Without underscores, on which gunicorn has a policy. A value has no white space around it (RFC 9110 section 5.5).
_FIELD = re.compile(
    r"^([!#$%&'*+.^`|~0-9A-Za-z-]++):[ \t]*+([!-~\x80-\xff]*+(?:[ \t]++[!-~\x80-\xff]++)*+)[ \t]*+(?:\r\n|\Z)",
    re.MULTILINE,
)
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


class _Variables(dict[str, str]):
    """By a field's name. Only the usual ones are kept: others are what callers make of them."""

    def __missing__(self, name: str) -> str:
        return variable_of(name.upper())


VARIABLES = _Variables(
    {spelling: variable_of(name.upper()) for name in _USUAL for spelling in (name, name.lower(), name.title())}
)


def plain_fields(section: bytes, lines: int, most_bytes: int) -> dict[str, str] | None:
    """Fields by their variables, where nothing is unusual; else None, and a full parser decides.

    ``lines``: how many ``section`` has. ``most_bytes`` of a line, with its end.
    """
    text = section.decode("latin-1")
    fields = {VARIABLES[name]: value for name, value in _FIELD.findall(text)}
    # Each line is a field, and no field comes twice. gunicorn answers Expect itself.
    if len(fields) != lines or "HTTP_EXPECT" in fields:
        return None
    # Where no line can be too long, none is measured.
    if len(text) + 2 > most_bytes and max(map(len, text.split("\r\n"))) + 2 > most_bytes:
        return None
    return fields


def name_of(variable: str) -> str:
    """Of the field, in upper case, if its name has no underscore."""
    return variable.removeprefix("HTTP_").replace("_", "-")
