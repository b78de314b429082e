from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from legacy_client.calls import Waits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from requests import PreparedRequest, Response

    from legacy_client.deadline import Deadline
    from legacy_client.errors import CoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of a transport; times in seconds. ``max_age_seconds`` of a connection is shortened by chance."""

    connections: int
    attempt_seconds: float
    connect_seconds: float
    idle_seconds: float
    max_age_seconds: float
    max_answer_bytes: int
    deadline_header: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Empty strings: the system's CAs, no client certificate."""

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""


# Each batch makes one; frozen, that would cost three times as much.
@dataclass(slots=True, kw_only=True)
class Flow:
    """What the requests of one ``send_many`` share.

    ``item_seconds`` bounds each attempt; ``caller`` is whose turn it is, and has
    ``most_in_flight`` at once, 0 without a bound. ``upto()`` says how many requests may leave by
    now. It must not wait, and rises as results are taken. ``waits`` has grown when all is over.
    """

    deadline: Deadline
    concurrency: int
    item_seconds: float = float("inf")
    caller: str = ""
    most_in_flight: int = 0
    upto: Callable[[], int] | None = None
    waits: Waits = field(default_factory=Waits)


class Backlog(NamedTuple):
    """Requests not yet sent, and the longest time in seconds that a batch waits for its turn.

    A wait for its own ``concurrency`` does not count.
    """

    requests: int
    seconds: float


NO_BACKLOG = Backlog(0, 0.0)


class Gate(Protocol):
    def capacity(self) -> int:
        """Requests that may be in flight, at least 1."""
        ...

    def admit(self) -> CoreError | None:
        """None lets one request through and counts it as under way. An error refuses it."""
        ...

    def record(self, results: Sequence[Response | CoreError], seconds: Sequence[float]) -> None:
        """Requests that were let through so many ``seconds`` ago have ended, in this order."""
        ...


class Requests(Protocol):
    """Each is asked for once, right before it leaves.

    A CoreError raised instead of a request is its result.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> PreparedRequest: ...


class Transport(Protocol):
    def send_many(self, requests: Requests, flow: Flow) -> Iterator[tuple[int, Response | CoreError]]:
        """Accounts for each index once. Never raises for a request.

        Errors are NotSent, TimedOut, BrokenOff or BadAnswer. Any status is a response; redirects are not followed.
        Closing the iterator early stops what is unsent.
        """
        ...

    def backlog(self) -> Backlog: ...

    def ping(self) -> CoreError | None:
        """Sends no request."""
        ...

    def close(self) -> None: ...


def is_identity(encoding: str | None) -> bool:
    """Whether a Content-Encoding changes nothing (RFC 9110 section 8.4.1)."""
    return encoding is None or {coding.strip(" \t").lower() for coding in encoding.split(",")} <= {"", "identity"}
