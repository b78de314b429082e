"""``python -m gateway.settings_page`` prints ``docs/settings.md``: one row per knob, from the code itself."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.knobs.access import AccessKnobs
from gateway.knobs.core import CoreKnobs
from gateway.knobs.service import ServiceKnobs
from gateway.settings import variable

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECTIONS = {"The core": CoreKnobs, "Access": AccessKnobs, "The service": ServiceKnobs}
_INTRODUCTION = """# Settings

Every setting is an environment variable, parsed and checked at start.
A bad one stops the start with one line that names it; an unknown `GATEWAY_*` variable is logged with the nearest known name.
A secret may come from a file instead: put its path into the variable with `_FILE` appended.
Lists are separated by commas.
"""


def page() -> str:
    """The page as Markdown."""
    return "\n".join([_INTRODUCTION, *(line for title, knobs in _SECTIONS.items() for line in _section(title, knobs))])


def _section(title: str, knobs: type[Any]) -> Iterator[str]:
    yield from (f"## {title}", "", "| variable | default | unit | meaning |", "|---|---|---|---|")
    for knob in dataclasses.fields(knobs):
        meaning = knob.metadata["help"] + (" A secret." if knob.metadata["secret"] else "")
        yield f"| `{variable(knob.name)}` | {_default(knob)} | {knob.metadata['unit']} | {meaning} |"
    yield ""


def _default(knob: dataclasses.Field[Any]) -> str:
    if knob.default is dataclasses.MISSING:
        return "required"
    if isinstance(knob.default, Path):
        return "the system's temporary folder"
    if isinstance(knob.default, bool):
        return f"`{str(knob.default).lower()}`"
    text = ",".join(knob.default) if isinstance(knob.default, tuple) else str(knob.default)
    return f"`{text}`" if text else "–"


if __name__ == "__main__":
    sys.stdout.write(page())
