from __future__ import annotations

from gateway.resources.actions import actions
from gateway.resources.answer_map import read_answers


def check_core_map(text: str) -> None:
    """Raises CoreMapError unless ``text`` is a map, of calls and of answers."""
    actions(("en",), 1, lambda: None, core_map=text)
    read_answers(text)
