"""A length of time as people write it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click import Context, Parameter

_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_FORM = re.compile(r"(\d+(?:\.\d+)?)([smh]?)")


class _Duration(click.ParamType[float]):
    name = "time"

    def convert(self, value: object, param: Parameter | None, ctx: Context | None) -> float:
        """``90s``, ``10m``, ``2h``, or seconds."""
        found = _FORM.fullmatch(str(value))
        if found is None:
            self.fail(f"{value!r} must be like 90s, 10m or 2h", param, ctx)
        return float(found[1]) * _SECONDS[found[2]]


DURATION = _Duration()
