"""The contract's rules for one item, written a second time and as plainly as possible: what tests compare with."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from uuid import UUID

CATEGORIES = {"validation", "link", "form", "todo", "schedule"}
STATUSES = {"active", "inactive", "draft", "approved", "pending", "done"}


def is_action_id(value: Any) -> bool:
    if type(value) is int:
        return value >= 1 and len(str(value)) <= 20
    return isinstance(value, str) and re.fullmatch("[0-9]{1,20}", value) is not None and int(value) > 0


def is_timestamp(value: Any) -> bool:
    shape = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"
    if not isinstance(value, str) or not re.fullmatch(shape, value) or value.endswith((":60", ":61")):
        return False
    try:
        datetime.strptime(value, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 -- the contract's moments have no zone
    except ValueError:
        return False
    return True


def is_uuid(value: Any) -> bool:
    try:
        return isinstance(value, str) and str(UUID(value)) == value.lower() and value.isascii()
    except ValueError:
        return False


def is_uuid_list(value: Any) -> bool:
    if not isinstance(value, list) or not 1 <= len(value) <= 1000 or not all(map(is_uuid, value)):
        return False
    return len({UUID(entry) for entry in value}) == len(value)


def is_word(value: Any, words: set[str]) -> bool:
    return isinstance(value, str) and value in words


def is_translations(value: Any, most: int) -> bool:
    return (
        isinstance(value, dict)
        and len(value) >= 1
        and set(value) <= {"en", "fr"}
        and all(isinstance(text, str) and len(text) <= most for text in value.values())
    )


RULES = {
    "actionId": is_action_id,
    "category_action": lambda value: is_word(value, CATEGORIES),
    "type_action": lambda value: is_word(value, CATEGORIES),
    "status": lambda value: is_word(value, STATUSES),
    "title": lambda value: is_translations(value, 255),
    "subtitle": lambda value: value is None or is_translations(value, 255),
    "details": lambda value: is_translations(value, 10_000),
    "partner_ids": is_uuid_list,
    "effective_date": lambda value: value is None or is_timestamp(value),
    "due_date": lambda value: value is None or is_timestamp(value),
    "expires_at": lambda value: value is None or is_timestamp(value),
}


def loaded(item: Any) -> dict[str, Any] | None:
    """What the contract makes of an item: its normalised fields, or None where it is invalid."""
    if not isinstance(item, dict) or "actionId" not in item or len(item) < 2:
        return None
    if any(name not in RULES or not RULES[name](value) for name, value in item.items()):
        return None
    result = {**item, "actionId": str(int(item["actionId"]))}
    if "partner_ids" in item:
        result["partner_ids"] = [entry.lower() for entry in item["partner_ids"]]
    return result
