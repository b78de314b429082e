from __future__ import annotations

from typing import Literal, NamedTuple

Verdict = Literal["ok", "note", "WRONG"]


class Finding(NamedTuple):
    """One line of the report. Only ``WRONG`` keeps the service from serving as its settings ask."""

    about: str
    verdict: Verdict
    text: str
