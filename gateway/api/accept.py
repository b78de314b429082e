"""Whether an ``Accept`` field leaves JSON (RFC 9110 section 12.5.1), read generously: what cannot be read forbids nothing."""

from __future__ import annotations

import re

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"?')
_WEIGHT = re.compile(r";\s*q\s*=\s*([0-9]*\.?[0-9]*)", re.IGNORECASE)
_RANGE = re.compile(r"[^\s/;,\"]+/[^\s/;,\"]+")


def leaves_json(accept: str) -> bool:
    """False where JSON is excluded by name, or where every media range is of something else or excluded."""
    wanted = dict[bool, bool]()
    for element in _QUOTED.sub('""', accept).split(","):
        media_range = "*/*" if (name := element.partition(";")[0].strip().lower()) == "*" else name
        if not _RANGE.fullmatch(media_range):
            continue
        if (is_named := _is_json(media_range)) or media_range in {"*/*", "application/*"}:
            wanted[is_named] = wanted.get(is_named, False) or _weighs(element)
        else:
            wanted.setdefault(False, False)
    # JSON that is named counts as it is named, `q=0` included, whatever a wildcard says.
    return wanted.get(True, wanted.get(False, True))


def _is_json(media_range: str) -> bool:
    return media_range == "application/json" or (
        media_range.startswith("application/") and media_range.endswith("+json")
    )


def _weighs(element: str) -> bool:
    """Whether its weight is more than nothing; one that cannot be read is 1."""
    weight = _WEIGHT.search(element)
    try:
        return weight is None or float(weight[1]) > 0
    except ValueError:
        return True
