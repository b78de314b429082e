"""The refusal of a principal that is over a rate (``contract.md`` 1.3)."""

from __future__ import annotations

from gateway.api.request import LogNotes
from gateway.problems import Problem


class OverRate(Problem):
    """``policy`` is the rate's name in the ``RateLimit`` fields, which the request has; ``retry_after`` is in seconds.

    Without ``retry_after`` no wait helps.
    """

    def __init__(self, policy: str, retry_after: int | None, detail: str = "") -> None:
        super().__init__("quota-exceeded", detail, headers={"Retry-After": str(retry_after)} if retry_after else None)
        self.log_notes = LogNotes(problem=self.slug, policy=policy)
