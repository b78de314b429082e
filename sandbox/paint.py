"""Colours for a terminal, unless ``NO_COLOR`` is set (no-color.org)."""

from __future__ import annotations

import json
import os
import re
from http.client import responses
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

_CODES = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "cyan": 36}
_OF_STATUS_CLASS = {2: "green", 4: "yellow", 5: "red"}
_KEY = re.compile(r'^( *)("[^"]*")(?=:)', re.MULTILINE)


class Paint:
    """Wraps text in colours, or leaves it."""

    def __init__(self, is_on: bool) -> None:
        self._is_on = is_on

    def __call__(self, colour: str, text: str) -> str:
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self._is_on else text

    def status(self, status: int) -> str:
        """A status code with its phrase, coloured by its class."""
        phrase = responses.get(status, "")
        return self(_OF_STATUS_CLASS.get(status // 100, "bold"), f"{status} {phrase}".strip())

    def json(self, value: object) -> str:
        """JSON on several lines, its keys coloured."""
        text = json.dumps(value, indent=2, ensure_ascii=False)
        return _KEY.sub(lambda key: key[1] + self("cyan", key[2]), text) if self._is_on else text


def paint_for(stream: TextIO, environment: Mapping[str, str] = os.environ) -> Paint:
    """Colours if the stream is a terminal that wants them."""
    return Paint(stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb")
