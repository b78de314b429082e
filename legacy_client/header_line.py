"""Headers that somebody else chooses: a line of a file, ``Name: value``, and fixed ones of calls (RFC 9110 section 5)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
is_header_name = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+").fullmatch
# Visible ASCII, with blanks and tabs inside. Some cores take bytes above ASCII.
is_header_value = re.compile(r"[!-~\x80-\xff](?:[ \t!-~\x80-\xff]*[!-~\x80-\xff])?").fullmatch
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
_CHOSEN = frozenset(["accept", "content-type"])
_OWN = frozenset(
    ["accept-encoding", "content-encoding", "idempotency-key", "range", "traceparent", "x-request-id"],
)
_SECRET = re.compile(
    r"authorization|proxy-authorization|cookie|(x-)?(api|auth|access|secret)[-_]?(key|token|secret)?", re.IGNORECASE
).fullmatch
_is_json = re.compile(r"application/(?:[^;\s]+\+)?json(?:\s*;.*)?", re.IGNORECASE).fullmatch


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
    if not is_header_name(name):
        raise ValueError("must be one header line, `Name: value`, without quotes, options or blanks before it")
    if not is_header_value(value):
        raise ValueError("must be one header line, whose value has no control characters")
    if value[0] == value[-1] and value[0] in "\"'" and len(value) > 1:
        raise ValueError("must be one header line, whose value is not in quotes")
    _check_others(name, _OF_THE_CONNECTION | _OWN | _CHOSEN | own)
    return {name: value}


def key_header(name: str) -> str:
    """The header of a call's key. Raises ValueError for what cannot be one."""
    if not is_header_name(name):
        raise ValueError("must be a header's name")
    _check_others(name, _OF_THE_CONNECTION | _CHOSEN | (_OWN - {"idempotency-key"}))
    _check_secret(name)
    return name


def fixed_headers(given: Mapping[str, str], *, own: frozenset[str] = frozenset()) -> dict[str, str]:
    """Those that all calls have. ``own`` as for a line. Raises ValueError, whose text never repeats a value."""
    taken: set[str] = set()
    for name, value in given.items():
        if not is_header_name(name):
            raise ValueError("must be a header's name")
        _check_others(name, _OF_THE_CONNECTION | _OWN | own)
        _check_secret(name)
        if not (value.isascii() and is_header_value(value)):
            raise ValueError("must be a text of visible ASCII, without blanks at its ends")
        if name.lower() == "content-type" and not _is_json(value):
            raise ValueError("must be a kind of JSON, like application/merge-patch+json")
        if name.lower() in taken:
            raise ValueError("is there twice")
        taken.add(name.lower())
    return dict(given)


def _check_others(name: str, others: frozenset[str]) -> None:
    if name.lower() in others:
        raise ValueError(f"must not be the header {name}, which the gateway writes itself")


def _check_secret(name: str) -> None:
    if _SECRET(name):
        raise ValueError("must not be a credential: GATEWAY_CORE_AUTH=static sends one from a file")
