"""The audit trail: what became of each item, for whom and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.settings.field import one_of, setting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.settings.field import Fault


@dataclass(frozen=True, kw_only=True)
class AuditSettings:
    audit: str = setting(
        "off",
        parse=one_of("off", "failures", "all"),
        help="Keep what became of items: `off` keeps nothing, `failures` names those that were not updated, `all` every one.",
    )
    audit_to: str = setting(
        "file",
        parse=one_of("file", "stdout", "store"),
        help="Where: `file`, with older ones beside it; `stdout`; or `store` (`audit.sqlite` in `STATE_DIR`, or Redis).",
    )
    audit_file: str = setting(
        "", help="For `AUDIT_TO=file`; empty: `audit.jsonl` in `STATE_DIR`. Older ones have a number."
    )
    audit_max_bytes: int = setting(
        1_073_741_824,
        parse=int,
        unit="bytes",
        least=1_048_576,
        most=1_099_511_627_776,
        help="Size of the trail, the files or the store; the oldest lines go first.",
    )
    audit_days: float = setting(
        30.0, parse=float, unit="days", least=0.01, most=3650, help="How long a line of the trail is kept."
    )

    def faults(self) -> Iterator[Fault]:
        yield from ()
