"""Checks before any cryptography: is this a compact JWS with a header we take?

Raises only InvalidCredentials. Sources: RFC 7515 §2, §4, §7.1; RFC 8725 §3.
"""

from __future__ import annotations

import json
import re
from typing import Any

from joserfc.util import urlsafe_b64decode

from gateway.auth.errors import InvalidCredentials

MAX_TOKEN_BYTES = 8192
MAX_HEADER_BYTES = 1024
MAX_KID_LENGTH = 128
ACCESS_TOKEN_TYPES = frozenset({"at+jwt", "application/at+jwt"})

_TYPES = ACCESS_TOKEN_TYPES | {"jwt"}
_REFUSED = ("crit", "zip", "b64")
_compact = re.compile(r"([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+").fullmatch


def header_of(token: str) -> dict[str, Any]:
    """``alg`` and ``kid`` are strings; ``typ`` is lower-case text or empty.

    ``jku``, ``jwk``, ``x5u`` and ``x5c`` are ignored (RFC 8725 §3.10).
    """
    if len(token) > MAX_TOKEN_BYTES:
        raise InvalidCredentials("token too long")
    shape = _compact(token)
    if shape is None:
        raise InvalidCredentials("not a compact JWS")
    if len(shape[1]) > MAX_HEADER_BYTES:
        raise InvalidCredentials("header too long")
    return _checked(json_object(decoded(shape[1])))


def decoded(segment: str) -> bytes:
    """Refuses padding, foreign characters and non-canonical endings of base64url."""
    try:
        return urlsafe_b64decode(segment.encode("ascii"))
    except ValueError as exc:
        raise InvalidCredentials("not base64url") from exc


def json_object(data: bytes) -> dict[str, Any]:
    """I-JSON (RFC 7493): UTF-8, unique names, finite numbers, no lone surrogates."""
    try:
        text = data.decode("utf-8")
        value = _decoder.decode(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as exc:
        raise InvalidCredentials("not strict JSON") from exc
    if not isinstance(value, dict):
        raise InvalidCredentials("not a JSON object")
    return value


def _checked(header: dict[str, Any]) -> dict[str, Any]:
    kid, typ = header.get("kid"), header.get("typ", "JWT")
    if not isinstance(header.get("alg"), str):
        raise InvalidCredentials("header without alg")
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID_LENGTH:
        raise InvalidCredentials("header without a usable kid")
    if not isinstance(typ, str) or typ.lower() not in _TYPES:
        raise InvalidCredentials("header typ is of another kind of token")
    if any(name in header for name in _REFUSED):
        raise InvalidCredentials("header asks for an extension")
    return {**header, "typ": typ.lower()}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("duplicate name")
    return value


def _refuse(constant: str) -> None:
    raise ValueError(constant)


_decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse)
