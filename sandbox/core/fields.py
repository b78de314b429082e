"""What the core accepts in a body: one rule per legacy field, without a word of the public contract.

A rule takes a value and gives its message, empty where the value is fine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

Rule = Callable[[Any], str]
Errors = dict[str, list[str]]

KINDS = ("VALIDATION", "LINK", "FORM", "TODO", "SCHEDULE")
STATES = (0, 1, 2, 3, 4, 9)
INPUT_TYPES = (
    "TEXT", "MULTI_LINE_TEXT", "NUMBER", "BOOLEAN", "SELECT", "PASSWORD", "VECTOR", "OBJECT", "FILE", "ID",
)  # fmt: skip
LANGUAGES = ("en", "fr")
LATEST_MOMENT = 253_402_300_799

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def check(body: Mapping[str, Any], rules: Mapping[str, Rule], required: Collection[str] = ()) -> Errors:
    """Messages by field for unknown, wrong and missing fields; empty where the body is fine."""
    errors = {name: [rules[name](value) if name in rules else "Unknown field."] for name, value in body.items()}
    errors |= {name: ["This field is required."] for name in required if name not in body}
    return {name: messages for name, messages in errors.items() if messages != [""]}


def text(longest: int, shortest: int = 0) -> Rule:
    def rule(value: Any) -> str:
        if not isinstance(value, str):
            return "Must be a string."
        return "" if shortest <= len(value) <= longest else f"Must have {shortest} to {longest} characters."

    return rule


def choice(*allowed: str | int) -> Rule:
    """``true`` is not 1 here."""
    message = f"Must be one of: {', '.join(map(str, allowed))}."
    return lambda value: "" if type(value) in (str, int) and value in allowed else message


def nullable(rule: Rule) -> Rule:
    """The rule, or null."""
    return lambda value: "" if value is None else rule(value)


def flag(value: Any) -> str:
    return "" if isinstance(value, bool) else "Must be a boolean."


def moment(value: Any) -> str:
    """Unix seconds up to the end of the year 9999."""
    return "" if type(value) is int and abs(value) <= LATEST_MOMENT else "Must be Unix seconds."


def uuid(value: Any) -> str:
    return "" if isinstance(value, str) and _UUID.fullmatch(value) else "Must be a UUID."


def uuids(value: Any) -> str:
    """UUIDs, joined by commas."""
    is_list = isinstance(value, str) and all(_UUID.fullmatch(part) for part in value.split(","))
    return "" if is_list else "Must be UUIDs joined by commas."


def options(value: Any) -> str:
    """Choices of a select, each with a label and a value of its own."""
    if not isinstance(value, list) or not all(isinstance(option, dict) for option in value):
        return "Must be a list of objects."
    if any(check(option, _OPTION_RULES, _OPTION_RULES) for option in value):
        return "Each option has a label and a value, both strings."
    values = [option["value"] for option in value]
    return "" if len(set(values)) == len(values) else "Values must be unique."


def input_fields(value: Any) -> str:
    """The first fault is named by its path."""
    if not isinstance(value, list):
        return "Must be a list."
    for index, field in enumerate(value):
        if not isinstance(field, dict):
            return f"{index}: Must be an object."
        for name, messages in check(field, INPUT_FIELD_RULES, ("label",)).items():
            return f"{index}.{name}: {messages[0]}"
    return ""


_OPTION_RULES: dict[str, Rule] = {"label": text(1000), "value": text(1000)}

ACTION_RULES: dict[str, Rule] = {
    "category": choice(*KINDS),
    "type": choice(*KINDS),
    "state": choice(*STATES),
    **{f"title_{language}": text(255) for language in LANGUAGES},
    **{f"subtitle_{language}": nullable(text(255)) for language in LANGUAGES},
    **{f"details_{language}": text(10_000) for language in LANGUAGES},
    "partners": uuids,
    "effective_at": nullable(moment),
    "due_at": nullable(moment),
    "expires_at": nullable(moment),
}

INPUT_FIELD_RULES: dict[str, Rule] = {
    "label": text(100, 1),
    "type": choice(*INPUT_TYPES),
    "description": text(500),
    "placeholder": nullable(text(200)),
    "required": flag,
    "options": nullable(options),
    "allow_multi_select": nullable(flag),
    "context_action_id": nullable(uuid),
}

INTEGRATION_ACTION_RULES: dict[str, Rule] = {
    "name": text(100, 1),
    "description": text(1000),
    "code": nullable(text(40_000)),
    "input_fields": input_fields,
}
