"""The parsers raise ValueError with what is wrong with the file."""

from __future__ import annotations

import ssl
from pathlib import Path

from gateway.auth.api_keys.file import FileKeys
from gateway.auth.errors import SourceFailed
from legacy_client import StaticFileCredentials


def readable_file(text: str) -> str:
    try:
        with Path(text).open("rb"):
            return text
    except OSError as exc:
        raise ValueError(f"must be a file that can be read ({exc.strerror})") from exc


def api_keys(text: str) -> str:
    try:
        FileKeys(Path(text))
    except SourceFailed as exc:
        reason = exc.reason.removeprefix(f"{text}: ")
        raise ValueError(f"must be a file of API keys ({reason})") from exc
    return text


def certificates(text: str) -> str:
    """A PEM file with at least one certificate."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(readable_file(text))
    except OSError as exc:
        raise ValueError("must be a PEM file with a certificate") from exc
    return text


def core_header(path: str, deadline_header: str) -> str:
    """Empty where nothing is wrong with the file."""
    try:
        StaticFileCredentials(Path(path), own=frozenset({deadline_header.lower()}))
    except OSError as exc:
        return f"must be a file that can be read ({exc.strerror})"
    except ValueError as exc:
        return str(exc)
    return ""


def check_key(cert_file: str, key_file: str) -> None:
    """Raises ValueError unless the private key is in ``key_file``, by default ``cert_file``."""
    try:
        # Without a given password OpenSSL would ask on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(cert_file, key_file or None, lambda: "")
    except OSError as exc:
        raise ValueError("must hold the private key of the certificate (PEM, not encrypted)") from exc
