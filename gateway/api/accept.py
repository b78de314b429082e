from __future__ import annotations

import re

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"?')
_WEIGHT = re.compile(r";\s*q\s*=\s*([0-9]*\.?[0-9]*)", re.IGNORECASE)
_RANGE = re.compile(r"[^\s/;,\"]+/[^\s/;,\"]+")


# The more specific range counts (RFC 9110 section 12.5.1).
_SPECIFIC = {"application/json": 2, "application/*": 1, "*/*": 0}


def leaves_json(accept: str) -> bool:
    """``Accept`` (RFC 9110 section 12.5.1). False where it excludes JSON, or names only other types."""
    # An element that cannot be read forbids nothing.
    wanted = dict[int, bool]()
    for element in _QUOTED.sub('""', accept).split(","):
        media_range = "*/*" if (name := element.partition(";")[0].strip().lower()) == "*" else name
        if not _RANGE.fullmatch(media_range):
            continue
        is_wanted = _weighs(element)
        if is_wanted and _is_kind_of_json(media_range):
            media_range = "application/json"
        rank = _SPECIFIC.get(media_range)
        if rank is None:
            wanted.setdefault(0, False)
        else:
            wanted[rank] = wanted.get(rank, False) or is_wanted
    return wanted[max(wanted)] if wanted else True


def _is_kind_of_json(media_range: str) -> bool:
    # Who wants one of these can read JSON; who wants none of these may want JSON.
    return media_range.startswith("application/") and media_range.endswith("+json")


def _weighs(element: str) -> bool:
    weight = _WEIGHT.search(element)
    try:
        return weight is None or float(weight[1]) > 0
    except ValueError:
        return True
