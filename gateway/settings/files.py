"""The parsers raise ValueError with what is wrong with the file."""

from __future__ import annotations

import errno
import os
import ssl
from pathlib import Path

from gateway.auth.api_keys.file import FileKeys
from gateway.auth.errors import SourceFailed
from gateway.partners.partner import read_partners
from gateway.resources.core_map_check import check_core_map
from gateway.resources.map_file import read_map
from gateway.resources.map_tables import CoreMapError
from legacy_client import StaticFileCredentials


def readable_file(text: str) -> str:
    try:
        with Path(text).open("rb"):
            return text
    except OSError as exc:
        raise ValueError(f"must be a file that can be read ({exc.strerror})") from exc


def unwritable(folder: Path) -> str:
    """Why nothing can be written there, or empty. Of a folder that is not there yet, the next above it counts."""
    folder = folder.absolute()
    try:
        there = next(path for path in (folder, *folder.parents) if path.exists())
        code = 0 if os.access(there, os.W_OK | os.X_OK) else errno.EACCES
        code = code if there.is_dir() else errno.ENOTDIR
    except OSError as exc:
        code = exc.errno or errno.EIO
    return os.strerror(code) if code else ""


def core_map(text: str) -> str:
    """A file that says what the core calls things."""
    try:
        check_core_map(read_map(Path(readable_file(text))))
    except CoreMapError as exc:
        raise ValueError(f"must be a map of the core ({exc})") from exc
    return text


def api_keys(text: str) -> str:
    try:
        FileKeys(Path(text))
    except SourceFailed as exc:
        reason = exc.reason.removeprefix(f"{text}: ")
        raise ValueError(f"must be a file of API keys ({reason})") from exc
    return text


def partners(text: str) -> str:
    try:
        read_partners(Path(readable_file(text)).read_text(encoding="utf-8"))
    except UnicodeDecodeError as exc:
        raise ValueError("must be UTF-8 text") from exc
    except ValueError as exc:
        raise (
            exc if str(exc).startswith("must be a file that") else ValueError(f"must be a file of partners ({exc})")
        ) from exc
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
