from __future__ import annotations

import hashlib
import re
import secrets
import struct
from functools import lru_cache

# Lengths keep ("ab", "c") apart from ("a", "bc").
_length = struct.Struct(">Q").pack
# The log and the store ask for the same one after another.
_KEYS = 16
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_QUOTED_KEY = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')


def parse_key(value: str) -> str:
    """1-255 visible ASCII characters, quoted (RFC 9651 String) or bare (contract 1.5). Raises ValueError.

    A bare comma means that the field was sent twice (RFC 9110 section 5.3).
    """
    key = value.strip(" \t")
    if key.startswith('"'):
        quoted = _QUOTED_KEY.fullmatch(key)
        key = re.sub(r'\\(["\\])', r"\1", quoted[1]) if quoted else ""
    elif "," in key:
        raise ValueError("must be sent once; a key with a comma must be a quoted string")
    if not _KEY.fullmatch(key):
        raise ValueError("must be 1 to 255 visible ASCII characters, bare or as a quoted string")
    return key


def fingerprint(method: str, path: str, body: bytes) -> str:
    """SHA-256 in hex."""
    digest = _digest(method.encode(), path.encode())
    digest.update(_length(len(body)))
    digest.update(body)
    return digest.hexdigest()


@lru_cache(_KEYS)
def record_id(principal_id: str, key: str) -> str:
    """It reveals neither principal nor key."""
    return _digest(_bytes(principal_id), key.encode()).hexdigest()


def key_fingerprint(principal_id: str, key: str) -> str:
    """16 hex digits, for logs: the beginning of the record's id."""
    return record_id(principal_id, key)[:16]


def derive_prefix(principal_id: str, key: str, fingerprint: str) -> str:
    """32 hex digits, the same for every repeat."""
    return _digest(_bytes(principal_id), key.encode(), fingerprint.encode()).hexdigest()[:32]


def random_prefix() -> str:
    """32 hex digits."""
    return secrets.token_hex(16)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # A claim may hold any code point; it must not break a request.


def _digest(*parts: bytes) -> hashlib._Hash:
    return hashlib.sha256(b"".join([_length(len(part)) + part for part in parts]))
