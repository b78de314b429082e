from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """Bounds before and after inflation."""

    max_bytes: int
    seconds: float
