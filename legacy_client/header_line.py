"""One header line as a file holds it, ``Name: value`` (RFC 9110 section 5)."""

from __future__ import annotations

import re

_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_is_name = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+").fullmatch
# Visible ASCII, with blanks and tabs inside. Some cores take bytes above ASCII.
_is_value = re.compile(r"[!-~\x80-\xff](?:[ \t!-~\x80-\xff]*[!-~\x80-\xff])?").fullmatch
# About the connection or the framing, which are our own (RFC 9110 section 7.6.1, RFC 9112 section 6).
_OF_THE_CONNECTION = frozenset(
    [
        "connection",
        "content-length",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)
_OWN = frozenset(
    [
        "accept",
        "accept-encoding",
        "content-encoding",
        "content-type",
        "idempotency-key",
        "range",
        "traceparent",
        "x-request-id",
    ]
)


def header_line(data: bytes, *, own: frozenset[str] = frozenset()) -> dict[str, str]:
    """``own`` are names, in lower case, that the caller sends itself.

    Raises ValueError, whose text never repeats the value.
    """
    if data.startswith(_BYTE_ORDER_MARKS):
        raise ValueError("must not begin with a byte order mark")
    name, colon, value = data.decode("latin-1").strip(" \t\r\n").partition(":")
    name, value = name.strip(" \t"), value.strip(" \t")
    if not (colon and name and value) or "\n" in value:
        raise ValueError("must be one header line, `Name: value`")
    if not _is_name(name):
        raise ValueError("must be one header line, `Name: value`, without quotes, options or blanks before it")
    if not _is_value(value):
        raise ValueError("must be one header line, whose value has no control characters")
    if value[0] == value[-1] and value[0] in "\"'" and len(value) > 1:
        raise ValueError("must be one header line, whose value is not in quotes")
    if name.lower() in _OF_THE_CONNECTION | _OWN | own:
        raise ValueError(f"must not be the header {name}, which the gateway writes itself")
    return {name: value}
