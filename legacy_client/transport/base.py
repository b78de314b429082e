from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from requests import PreparedRequest, Response

    from legacy_client.errors import CoreError
    from legacy_client.transport.flow import Flow


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
