"""Time budgets. They nest: attempt < item < batch < request < worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.settings.field import Fault, setting, variable

if TYPE_CHECKING:
    from collections.abc import Iterator

# A derived outer budget exceeds the sum of its parts by this.
_SPARE_SECONDS = 2


@dataclass(frozen=True, kw_only=True)
class BudgetSettings:
    core_timeout: float = setting(
        5.0,
        parse=float,
        unit="s",
        least=0.01,
        most=3600,
        help="One attempt of one call, first byte out to last byte in; the default follows a shorter `ITEM_DEADLINE`.",
    )
    item_deadline: float = setting(
        15.0,
        parse=float,
        unit="s",
        least=0.01,
        most=3600,
        help="All attempts of one item together; the default follows a shorter `BATCH_DEADLINE`.",
    )
    batch_deadline: float = setting(
        25.0, parse=float, unit="s", least=0.05, most=3600, help="Time from the first call of a batch to its answer."
    )
    body_timeout: float = setting(10.0, parse=float, unit="s", least=0.1, most=600, help="Reading one request body.")
    request_deadline: float = setting(
        0.0,
        parse=float,
        unit="s",
        least=0,
        most=7200,
        help="The whole request, body included; 0: `BATCH_DEADLINE` + `BODY_TIMEOUT` + 2 s.",
    )
    drain_delay: float = setting(
        1.0,
        parse=float,
        unit="s",
        least=0,
        most=600,
        help="How long a stopping worker says so on `/readyz` before it stops listening.",
    )
    graceful_timeout: float = setting(
        0.0,
        parse=float,
        unit="s",
        least=0,
        most=10_800,
        help="Time a stopping worker may finish its batches; 0: `REQUEST_DEADLINE` + `DRAIN_DELAY` + 2 s.",
    )

    def __post_init__(self) -> None:
        """Derives outer budgets that are 0. Shortens the two innermost to the batch's."""
        request = self.request_deadline or self.batch_deadline + self.body_timeout + _SPARE_SECONDS
        graceful = self.graceful_timeout or request + self.drain_delay + _SPARE_SECONDS
        object.__setattr__(self, "request_deadline", request)
        object.__setattr__(self, "graceful_timeout", graceful)
        object.__setattr__(self, "item_deadline", min(self.item_deadline, self.batch_deadline))
        object.__setattr__(self, "core_timeout", min(self.core_timeout, self.item_deadline))

    def faults(self) -> Iterator[Fault]:
        """Outer budgets must not be shorter than their parts."""
        nested = (
            ("batch_deadline", "request_deadline"),
            ("request_deadline", "graceful_timeout"),
            ("drain_delay", "graceful_timeout"),
        )
        for inner, outer in nested:
            least, has = getattr(self, inner), getattr(self, outer)
            if least >= has:
                reason = f"must be larger than {variable(inner)}, which is {least:g} s; it is {has:g} s"
                yield Fault(outer, reason, beside=(inner,))
