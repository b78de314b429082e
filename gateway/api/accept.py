"""Whether an ``Accept`` field allows JSON (RFC 9110 section 12.5.1)."""

from __future__ import annotations

import re

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"?')
_WEIGHT = re.compile(r";\s*q\s*=\s*([0-9]*\.?[0-9]*)", re.IGNORECASE)
_RANGE = re.compile(r"[^\s/;,\"]+/[^\s/;,\"]+")


def leaves_json(accept: str) -> bool:
    """False where the field excludes JSON, or names only other types."""
    # An element that cannot be read forbids nothing.
    wanted = dict[bool, bool]()
    for element in _QUOTED.sub('""', accept).split(","):
        media_range = "*/*" if (name := element.partition(";")[0].strip().lower()) == "*" else name
        if not _RANGE.fullmatch(media_range):
            continue
        if (is_named := _is_json(media_range)) or media_range in {"*/*", "application/*"}:
            wanted[is_named] = wanted.get(is_named, False) or _weighs(element)
        else:
            wanted.setdefault(False, False)
    # What names JSON, `q=0` too, counts more than a wildcard.
    return wanted.get(True, wanted.get(False, True))


def _is_json(media_range: str) -> bool:
    return media_range == "application/json" or (
        media_range.startswith("application/") and media_range.endswith("+json")
    )


def _weighs(element: str) -> bool:
    """Whether the weight is above 0."""
    weight = _WEIGHT.search(element)
    try:
        return weight is None or float(weight[1]) > 0
    except ValueError:
        return True
