"""Request bytes → strict JSON (hop 3); media type, encoding, size and time are bounded."""

from __future__ import annotations

import time
import zlib
from typing import IO, TYPE_CHECKING, Any

from gateway.api import strict_json
from gateway.api.exact_json import InvalidJson
from gateway.problems import Problem
from gateway.serving.broken_body import BrokenBody

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gateway.api.body_limits import BodyLimits
    from gateway.api.json_size import JsonSize
    from gateway.api.request import GatewayRequest

_CHUNK = 65_536
_GZIP = zlib.MAX_WBITS | 16
# RFC 9110 section 8.4.1.3: one coding has two names.
_CODINGS: Sequence[list[str]] = ([], ["gzip"], ["x-gzip"])
# Empty members cost time and hold nothing.
_MOST_MEMBERS = 1_000


def read_body(
    request: GatewayRequest,
    limits: BodyLimits,
    take: Callable[[int], None],
    let_others_run: Callable[[], None],
    *,
    also: str = "",
) -> bytes:
    """The body, inflated. Raises Problem 400, 408, 413 or 415 (``contract.md`` 1.2).

    ``take`` counts bytes before they are held, and may raise. ``also``: a media type beside JSON.
    """
    _check_media_type(request, also)
    inflate, size = _is_gzip(request), request.body_size
    if size is not None and size > limits.max_bytes:
        raise _too_large(limits)
    if size is not None and size <= _CHUNK and not inflate:
        body = _small(request.body_stream(), size, limits.seconds)
        take(len(body))
        # Who reads from the client lets others run.
        return body
    chunks = _bounded(_chunks(request.body_stream(), size, limits.seconds), limits)
    parts = _bounded(_inflated(chunks), limits) if inflate else chunks
    return b"".join(_counted(parts, take, let_others_run))


def document_in(body: bytes, most: JsonSize, let_others_run: Callable[[], None]) -> Any:
    """Raises Problem 400 or 413."""
    try:
        return strict_json.parse(body, most, let_others_run)
    except InvalidJson as exc:
        raise Problem("invalid-json", str(exc)) from exc
    except strict_json.TooLarge as exc:
        raise Problem("body-too-large", _most(most), max_values=most.values) from exc


def _check_media_type(request: GatewayRequest, also: str) -> None:
    # Werkzeug's own attribute is typed as a text, which it need not be: compiled, it would be an error.
    if request.header("Content-Type") == "application/json":
        return
    media_type, charset = request.mimetype, request.mimetype_params.get("charset", "utf-8")
    is_json = media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )
    is_taken = is_json or bool(also and media_type == also)
    if is_taken and charset.lower() in {"utf-8", "utf8"}:
        return
    detail = "The content type is missing."
    if is_taken:
        detail = f"The charset must be UTF-8, not {charset[:100]!r}."
    elif media_type:
        wanted = f"application/json or {also}" if also else "application/json"
        detail = f"The content type must be {wanted}, not {media_type[:100]!r}."
    header = "Accept-Patch" if request.method == "PATCH" else "Accept"
    raise Problem(
        "unsupported-media-type", detail, headers={header: ", ".join(filter(None, ("application/json", also)))}
    )


def _is_gzip(request: GatewayRequest) -> bool:
    field = request.header("Content-Encoding")
    if field is None:
        return False
    # RFC 9110 section 8.4: `identity` and empty elements change nothing.
    codings = [name for part in field.lower().split(",") if (name := part.strip(" \t")) not in {"", "identity"}]
    if codings not in _CODINGS:
        detail = "The content encoding must be identity or gzip."
        raise Problem("unsupported-media-type", detail, headers={"Accept-Encoding": "gzip, identity"})
    return bool(codings)


def _small(source: IO[bytes], size: int, seconds: float) -> bytes:
    """At most ``size`` bytes."""
    if not size:
        return b""
    if len(body := _read(source, size)) < size:
        body += b"".join(_chunks(source, size - len(body), seconds))
    return body


def _chunks(source: IO[bytes], size: int | None, seconds: float) -> Iterator[bytes]:
    # gateway.serving bounds the time too; this holds under any server.
    ends_at, left = time.monotonic() + seconds, size
    # Where the length is known, the end need not be looked for.
    while left != 0 and (chunk := _read(source, _CHUNK if left is None else min(left, _CHUNK))):
        left = None if left is None else left - len(chunk)
        yield chunk
        if time.monotonic() > ends_at:
            raise Problem("request-timeout")


def _read(source: IO[bytes], size: int) -> bytes:
    """Raises Problem 400 or 408."""
    try:
        return source.read(size)
    except TimeoutError as exc:
        raise Problem("request-timeout") from exc
    except OSError as exc:
        raise Problem("bad-request", getattr(exc, "detail", BrokenBody.detail)) from exc


def _bounded(chunks: Iterator[bytes], limits: BodyLimits) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limits.max_bytes:
            raise _too_large(limits)
        yield chunk


def _counted(
    parts: Iterator[bytes], take: Callable[[int], None], let_others_run: Callable[[], None]
) -> Iterator[bytes]:
    for part in parts:
        take(len(part))
        yield part
        let_others_run()


def _inflated(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Gzip members, one or several (RFC 1952 section 2.2)."""
    members, inflater = 1, zlib.decompressobj(_GZIP)
    # Piece by piece, so that a bomb is noticed before it is held.
    try:
        for chunk in chunks:
            left = chunk
            while left:
                if inflater.eof:
                    # Archives are padded with zeros; gzip's own tools skip them.
                    left = left.lstrip(b"\0")
                    if not left:
                        break
                    members, inflater = members + 1, zlib.decompressobj(_GZIP)
                    _check_members(members)
                yield inflater.decompress(left, _CHUNK)
                left = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    except zlib.error as exc:
        raise Problem("bad-request", "The body is not valid gzip.") from exc
    if not inflater.eof:
        raise Problem("bad-request", "The last gzip member of the body is cut short.")


def _check_members(members: int) -> None:
    if members > _MOST_MEMBERS:
        raise Problem("bad-request", f"The body has more than {_MOST_MEMBERS:,} gzip members.")


def _most(size: JsonSize) -> str:
    return (
        f"The body has more than {size.values:,} JSON values, {size.containers:,} arrays and objects, or {size.names:,} "
        "names; nothing valid of its length has as many."
    )


def _too_large(limits: BodyLimits) -> Problem:
    detail = f"The body is larger than {limits.max_bytes} bytes."
    return Problem("body-too-large", detail, max_bytes=limits.max_bytes)
