from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from legacy_client.errors import CoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from legacy_client.sending.reading import Answer


class Timing(NamedTuple):
    """Of one call; ``status`` is 0 where no answer came. ``retry_after`` is as it came."""

    status: int
    seconds: float
    is_success: bool
    retry_after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What came of one call, and ``reading``: what it means to the client.

    ``status`` is 0 where no answer came. ``headers`` are as they came, or with lower-case names.
    """

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes
    seconds: float
    reading: Answer | CoreError

    @property
    def is_success(self) -> bool:
        return not isinstance(self.reading, CoreError)

    @property
    def item(self) -> Answer:
        """``{}`` where there is none."""
        return {} if isinstance(self.reading, CoreError) else self.reading

    @property
    def error(self) -> CoreError | None:
        return self.reading if isinstance(self.reading, CoreError) else None

    def header(self, name: str) -> str:
        """All values, with commas between them (RFC 9110 section 5.3); empty where it did not come."""
        return ", ".join(value for found, value in self.headers if found.lower() == name.lower())


def unanswered(error: CoreError, seconds: float) -> Seen:
    return Seen(status=0, headers=(), body=b"", seconds=seconds, reading=error)
