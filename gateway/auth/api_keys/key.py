"""An API key: ``gwk_<id>_<secret><checksum>``. The secret leaves this module once, when made."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import zlib
from typing import NamedTuple

from gateway.auth.errors import InvalidCredentials

PREFIX = "gwk_"
ID_LENGTH = 12
SECRET_LENGTH = 32
_CHECKSUM_LENGTH = 6
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_whole = re.compile(
    rf"({PREFIX}([0-9A-Za-z]{{{ID_LENGTH}}})_([0-9A-Za-z]{{{SECRET_LENGTH}}}))([0-9A-Za-z]{{{_CHECKSUM_LENGTH}}})"
).fullmatch


class KeyText(NamedTuple):
    id: str
    secret: str

    def __str__(self) -> str:
        body = f"{PREFIX}{self.id}_{self.secret}"
        return body + _checksum(body)


def mint(key_id: str = "") -> KeyText:
    """A new key, or a new secret for ``key_id``."""
    return KeyText(key_id or _random(ID_LENGTH), _random(SECRET_LENGTH))


def parse(text: str) -> KeyText:
    """Raises InvalidCredentials."""
    match = _whole(text)
    if match is None:
        raise InvalidCredentials("not the shape of an API key")
    body, key_id, secret, checksum = match.groups()
    # The checksum finds a mistyped key without a look-up.
    if checksum != _checksum(body):
        raise InvalidCredentials("checksum of the API key")
    return KeyText(key_id, secret)


# The secret has 190 random bits, so its hash does not reveal it. One salted SHA-256 is enough.
# NIST SP 800-63B §5.1.1.2 asks for a slow hash of memorised secrets only.
def hashed(secret: str) -> str:
    """``sha256:<salt>:<hash>`` in hexadecimal."""
    salt = secrets.token_hex(16)
    return f"sha256:{salt}:{_digest(salt, secret)}"


def matches(secret: str, stored: str) -> bool:
    """Takes constant time."""
    _, salt, digest = stored.split(":")
    return hmac.compare_digest(_digest(salt, secret), digest)


def _digest(salt: str, secret: str) -> str:
    return hashlib.sha256(f"{salt}:{secret}".encode()).hexdigest()


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
