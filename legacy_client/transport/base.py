"""The transport seam: an adapter of requests with one more method, that takes many requests at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from requests import PreparedRequest, Response

    from legacy_client.deadline import Deadline
    from legacy_client.errors import CoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of a transport; times in seconds. ``max_age_seconds``: a connection is used no longer, shortened by chance."""

    connections: int
    attempt_seconds: float
    connect_seconds: float
    idle_seconds: float
    max_age_seconds: float
    max_answer_bytes: int
    deadline_header: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Whom to trust and who we are; empty strings mean the system's CAs and no client certificate."""

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What the requests of one ``send_many`` share.

    ``deadline`` bounds them all; ``concurrency`` bounds those in flight; ``item_seconds`` bounds an attempt beside the
    transport's own limit; ``caller`` is whose turn it is when several batches wait. ``upto()`` says how many of the
    requests may leave by now, in their order: asked before each of them, on the event loop it may be, and again whenever
    results have been taken. It must not wait, never falls, and rises before the last result of what left is taken.
    """

    deadline: Deadline
    concurrency: int
    item_seconds: float = float("inf")
    caller: str = ""
    upto: Callable[[], int] | None = None


class Backlog(NamedTuple):
    """Requests accepted but not yet sent, and for how many seconds a batch has now waited for its turn, at most."""

    requests: int
    seconds: float


class Gate(Protocol):
    """What may be sent to the core now, asked before each request and told the result after it."""

    def capacity(self) -> int:
        """Requests that may be in flight in this worker, at least 1."""
        ...

    def admit(self) -> CoreError | None:
        """Why the next request may not be sent, or None; a None counts as one request under way."""
        ...

    def record(self, result: Response | CoreError, seconds: float) -> None:
        """The end of one request that was let through, ``seconds`` after it was."""
        ...


class Requests(Protocol):
    """The requests of one ``send_many``; a list is one.

    Each is asked for once, right before it is to leave, so that a large batch need not be written before its first call.
    A CoreError raised instead of a request is that request's result.
    """

    def __len__(self) -> int:
        """How many there are."""
        ...

    def __getitem__(self, index: int, /) -> PreparedRequest:
        """The request at ``index``."""
        ...


class Transport(Protocol):
    """Sends prepared requests to one core and keeps every one of them accounted for."""

    def send_many(self, requests: Requests, flow: Flow) -> Iterator[tuple[int, Response | CoreError]]:
        """Yield ``(index, response or error)`` as they finish, each index exactly once.

        Errors yielded are NotSent, TimedOut, BrokenOff or BadAnswer (framing, size, encoding); an HTTP status is never
        an error here, and redirects are not followed. One that ran out of time before an attempt of its own would have
        is ``cut_short``. Never raises for a request. Closing the iterator early stops what has not been sent.
        """
        ...

    def backlog(self) -> Backlog:
        """What waits to be sent. A batch that waits for its own ``concurrency`` alone does not count: it says nothing about how busy the core is."""
        ...

    def ping(self) -> CoreError | None:
        """Open (or reuse) a connection to the core; None if that works. Sends no request."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...


def is_identity(encoding: str | None) -> bool:
    """Whether a Content-Encoding changes nothing: absent, or ``identity`` in any case (RFC 9110 section 8.4.1)."""
    return encoding is None or {coding.strip(" \t").lower() for coding in encoding.split(",")} <= {"", "identity"}
