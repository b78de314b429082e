"""What is told of an answer: never a value of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from gateway.core.check.shapes import digest, is_html, shape_of
from legacy_client.errors import BadAnswer, MayHaveBeenApplied, NotSent, SaidNo, ServerFailed

if TYPE_CHECKING:
    from legacy_client.single.seen import Seen

_MOST_SHAPE = 300
_is_type = re.compile(r"[a-z0-9.+-]{1,40}/[a-z0-9.+-]{1,60}(?: ?; ?charset=[a-z0-9_-]{1,20})?", re.IGNORECASE).fullmatch
# What else stands in an address may be a session's or a person's.
_START_OF_A_PATH = re.compile(r"/[A-Za-z_-]{0,24}(?![^/?#])")


def described(seen: Seen) -> str:
    """Status, type, size, hash, time and shape."""
    if not seen.status:
        return f"no answer: {_kind(seen)} after {seen.seconds * 1000:.0f} ms"
    kind = content_type(seen) or "no content type"
    size = f"{len(seen.body):,} bytes with the hash {digest(seen.body)}"
    return f"{seen.status}, {kind}, {size}, {seen.seconds * 1000:.0f} ms: {shape(seen)}"


def content_type(seen: Seen) -> str:
    """With its charset; empty where it did not come."""
    given = seen.header("content-type")
    return given if not given or _is_type(given) else "an odd content type"


def shape(seen: Seen) -> str:
    found = shape_of(seen.body)
    return found if len(found) <= _MOST_SHAPE else f"{found[:_MOST_SHAPE]}…"


def trouble(seen: Seen) -> str:
    """Why partners would be told ``unknown`` or a fault of ours; empty for a success, and where the core said no."""
    error = seen.error
    if error is None or isinstance(error, SaidNo):
        return ""
    if isinstance(error, NotSent):
        return f"it could not be sent: {_kind(seen)}"
    if not seen.status:
        return f"no answer ({_kind(seen)})"
    if 300 <= seen.status < 400:
        return f"a redirect ({seen.status}) to {_where(seen.header('location'))}"
    if isinstance(error, ServerFailed):
        return f"status {seen.status}, after which it may have been applied"
    if is_html(seen.body):
        return f"status {seen.status} with a web page"
    if isinstance(error, BadAnswer):
        return f"status {seen.status} that cannot be read: {error.reason}"
    return _kind(seen)


def _where(location: str) -> str:
    """No more of it than names a place."""
    if not location:
        return "nowhere"
    try:
        path = urlsplit(location).path
    except ValueError:
        return "what is no address"
    start = _START_OF_A_PATH.match(path)
    return "another place" if start is None else path if start[0] == path else f"{start[0]}/…"


def is_unsure(seen: Seen) -> bool:
    return isinstance(seen.error, MayHaveBeenApplied)


def document(seen: Seen) -> Any:
    """None where the body is no JSON."""
    try:
        return orjson.loads(seen.body)
    except orjson.JSONDecodeError:
        return None


def _kind(seen: Seen) -> str:
    error = seen.error
    return f"{type(error).__name__}: {error.reason}" if error is not None and error.reason else type(error).__name__
