"""Maps of a core like the shipped one."""

from __future__ import annotations

from gateway.resources.core_map import shipped
from schemas.actions import ActionUpdateSchema

SCHEMA = ActionUpdateSchema(languages=("en", "fr"))


def changed(line: str, becomes: str) -> str:
    """The shipped map with another line."""
    text = shipped()
    assert line in text
    return text.replace(line, becomes)
