"""The Bearer scheme of RFC 6750 §2.1. Its one rule: only the scheme's case does not matter."""

from __future__ import annotations


def token_of(authorization: str) -> str:
    """The credential in the value of an Authorization header; empty where the scheme is another one."""
    scheme, _, token = authorization.partition(" ")
    return token.strip(" ") if scheme.lower() == "bearer" else ""
