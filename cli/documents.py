"""The JSON object of an answer, however large or odd the answer is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests

_PIECE = 1 << 16


def document_of(reply: requests.Response, most_bytes: int) -> dict[str, Any] | None:
    """Of a ``reply`` that is a stream; empty where it has no body. None for more than ``most_bytes``, or no JSON object.

    Raises requests.RequestException where it breaks off.
    """
    content = bytearray()
    # Counted while it is inflated: a small answer may be a large one.
    for piece in reply.iter_content(_PIECE):
        content += piece
        if len(content) > most_bytes:
            return None
    try:
        found = json.loads(content) if content else {}
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
