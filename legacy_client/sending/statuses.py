"""What each status of the core means, for the code and the operators' guide."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from legacy_client.errors import AccessDenied, BadAnswer, Busy, Conflict, NotFound, Rejected, ServerFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from legacy_client.errors import CoreError


class Meaning(NamedTuple):
    """Without ``statuses``: all others of the hundred ``others``."""

    statuses: tuple[int, ...]
    error: type[CoreError]
    why: str
    others: int = 0

    @property
    def named(self) -> str:
        return " · ".join(map(str, self.statuses)) or f"another {self.others}xx"


MEANINGS = (
    Meaning((404,), NotFound, "not found: final"),
    Meaning((409,), Conflict, "conflict: final"),
    # RFC 9110 sections 15.5.9 and 15.5.20, RFC 8470 section 5.2: the request was not processed.
    Meaning((408, 421, 425), Busy, "surely not applied, as it was not read or not taken: sent again as after a 503"),
    # RFC 4918 section 11.3.
    Meaning((423,), Busy, "locked by somebody for now: sent again, then `core_busy` and `retryable`"),
    # RFC 6585 section 4, RFC 9110 section 15.6.4.
    Meaning((429, 503), Busy, "come back later, after `Retry-After`: sent again, then `core_busy` and `retryable`"),
    # RFC 9110 section 15.5.8: of a proxy on the way.
    # RFC 6585 section 5: of the headers, only our credentials can be that large.
    Meaning((401, 403, 407, 431), AccessDenied, "our credentials are refused: `core_misconfigured`, not final"),
    Meaning((), Rejected, "rejected: final; the messages go to the partner under the public names", others=4),
    Meaning((), ServerFailed, "unknown: it may have been applied", others=5),
    Meaning((), BadAnswer, "unknown: no answer to a call; redirects are not followed", others=3),
)
BY_STATUS: Mapping[int, type[CoreError]] = {status: row.error for row in MEANINGS for status in row.statuses}
BY_HUNDRED: Mapping[int, type[CoreError]] = {row.others: row.error for row in MEANINGS if row.others}


def table() -> list[str]:
    return [f"| {row.named} | {row.why} |" for row in MEANINGS]


def meaning_of(status: int) -> type[CoreError]:
    return BY_STATUS.get(status) or BY_HUNDRED.get(status // 100, BadAnswer)
