"""The traffic: 11-field actions as contract 1.2 has them, whole and broken, and the request files that wrk plays."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

BULK = "/openapi/api/v1/actions"
_CATEGORIES = ("validation", "link", "form", "todo", "schedule")
_STATES = ("active", "inactive", "draft", "approved", "pending", "done")


def item(number: int) -> dict[str, Any]:
    """A valid action with all 11 fields; ``number`` is its id and varies its values."""
    return {
        "actionId": str(number),
        "category_action": _CATEGORIES[number % 5],
        "type_action": _CATEGORIES[number % 3],
        "status": _STATES[number % 6],
        "title": {"en": f"Leave approval {number}", "fr": f"Validation de congé {number}"},
        "subtitle": {"en": "Second line"},
        "details": {"en": "Please approve the leave."},
        "partner_ids": [str(uuid.UUID(int=number * 2**64 + 1))],
        "effective_date": f"2024-01-{number % 28 + 1:02} 06:51:15",
        "due_date": "2024-02-10 06:51:15",
        "expires_at": "2024-12-31 23:59:59",
    }


def broken_item(number: int) -> dict[str, Any]:
    """As ``item``, with a state that does not exist, and an unknown field in every tenth."""
    extra = {"colour": "red"} if number % 10 == 0 else {}
    return item(number) | {"status": "gone"} | extra


def body(items: Iterable[dict[str, Any]]) -> bytes:
    """A batch as partners send it."""
    return json.dumps({"data": list(items)}, ensure_ascii=False, separators=(",", ":")).encode()


def write_batches(path: Path, size: int, *, broken: bool = False, distinct: int = 8) -> Path:
    """A request file of distinct batches of ``size`` items, no id twice."""
    make = broken_item if broken else item
    with path.open("wb") as file:
        for batch in range(distinct):
            first = 10_000_000 + batch * size
            file.write(f"{BULK}\t".encode() + body(map(make, range(first, first + size))) + b"\n")
    return path


def write_core_calls(path: Path, distinct: int = 64) -> Path:
    """A request file of single calls as the gateway would send them to the core."""
    legacy = {
        "category": "FORM", "type": "LINK", "state": 2, "title_en": "Leave approval 10000000",
        "title_fr": "Validation de congé 10000000", "subtitle_en": "Second line",
        "details_en": "Please approve the leave.", "partners": str(uuid.UUID(int=10_000_000 * 2**64 + 1)),
        "effective_at": 1704869475, "due_at": 1707547875, "expires_at": 1735689599,
    }  # fmt: skip
    call = json.dumps(legacy, ensure_ascii=False, separators=(",", ":")).encode()
    with path.open("wb") as file:
        for number in range(10_000_000, 10_000_000 + distinct):
            file.write(f"/actions/{number}\t".encode() + call + b"\n")
    return path
