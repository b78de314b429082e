from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = "application/x-ndjson"

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"?')
_WEIGHT = re.compile(r";\s*q\s*=\s*([0-9]*\.?[0-9]*)", re.IGNORECASE)
_RANGE = re.compile(r"[^\s/;,\"]+/[^\s/;,\"]+")


# The more specific range counts (RFC 9110 section 12.5.1).
_SPECIFIC = {"application/json": 2, "application/*": 1, "*/*": 0}


def leaves_json(accept: str) -> bool:
    """``Accept`` (RFC 9110 section 12.5.1). False where it excludes JSON, or names only other types."""
    weights = dict[int, float]()
    for media_range, weight in _ranges(accept):
        if weight > 0 and _is_kind_of_json(media_range):
            media_range = "application/json"
        # Another type says nothing for JSON.
        weight = weight if media_range in _SPECIFIC else 0.0
        rank = _SPECIFIC.get(media_range, 0)
        weights[rank] = max(weights.get(rank, 0.0), weight)
    return weights[max(weights)] > 0 if weights else True


def prefers_lines(accept: str) -> bool:
    """Whether ``Accept`` names LINES, with more weight than JSON, and no less than the range that JSON falls under."""
    if "ndjson" not in accept.lower():
        return False
    weights = dict[str, float]()
    for media_range, weight in _ranges(accept):
        weights[media_range] = max(weights.get(media_range, 0.0), weight)
    lines = weights.get(LINES, 0.0)
    # A generated client may name every type of the document, and means JSON.
    if (json := weights.get("application/json")) is not None:
        return lines > json
    return lines > 0 and lines >= weights.get("application/*", weights.get("*/*", 0.0))


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    # An element that cannot be read forbids nothing.
    for element in _QUOTED.sub('""', accept).split(","):
        media_range = "*/*" if (name := element.partition(";")[0].strip().lower()) == "*" else name
        if _RANGE.fullmatch(media_range):
            yield media_range, _weight(element)


def _is_kind_of_json(media_range: str) -> bool:
    # Who wants one of these can read JSON; who wants none of these may want JSON.
    return media_range.startswith("application/") and media_range.endswith("+json")


def _weight(element: str) -> float:
    weight = _WEIGHT.search(element)
    try:
        return 1.0 if weight is None else float(weight[1])
    except ValueError:
        return 1.0
