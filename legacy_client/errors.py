"""What can become of a call that did not succeed. Each class answers one question: may the call have been applied?

::

    CoreError
    ├── NotSent            nothing reached the core
    │   ├── Unreachable        name look-up, connect refused, connect timeout
    │   ├── Untrusted          the TLS peer could not be verified
    │   ├── Misconfigured      the gateway's own credentials cannot be had, or cannot be sent
    │   ├── Unsendable         the call cannot be written as a request: a fault of our own
    │   ├── CircuitOpen        the circuit refused the call
    │   └── Stopped            deadline passed, shutdown, or the client left, before the call was sent
    ├── MayHaveBeenApplied bytes left and no readable answer came back
    │   ├── TimedOut           the attempt's or the batch's time ran out
    │   ├── BrokenOff          reset, end of stream or truncated answer
    │   ├── BadAnswer          not HTTP, too large, redirected, wrong type, or about another id
    │   └── ServerFailed       a 5xx other than 503
    └── SaidNo             the core answered and did not apply
        ├── Busy               408, 421, 423, 425, 429 or 503
        ├── NotFound           404
        ├── Conflict           409
        ├── Rejected           any other 4xx
        └── AccessDenied       401, 403, 407, 431: the gateway's own credentials

Instances are values: the client yields them beside the answers, one per call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class CoreError(Exception):
    """``reason`` is for logs only. ``retry_after`` is the core's wish in seconds.

    ``cut_short``: the time left was less than an attempt usually has. That says little about the core.
    """

    may_have_been_applied: ClassVar[bool]

    def __init__(self, reason: str = "", *, retry_after: float | None = None, cut_short: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.cut_short = cut_short


class NotSent(CoreError):
    may_have_been_applied = False


class Unreachable(NotSent): ...


class Untrusted(NotSent): ...


class Misconfigured(NotSent): ...


class Unsendable(NotSent):
    """Sending it again is no use."""


class CircuitOpen(NotSent):
    """``retry_after`` says when the circuit lets a probe through."""


class Stopped(NotSent):
    """``reason`` is a ``StopReason``."""


class MayHaveBeenApplied(CoreError):
    may_have_been_applied = True


class TimedOut(MayHaveBeenApplied): ...


class BrokenOff(MayHaveBeenApplied): ...


class BadAnswer(MayHaveBeenApplied): ...


class ServerFailed(MayHaveBeenApplied):
    """``atomic``: the core applies nothing when it fails."""

    def __init__(self, status: int, *, atomic: bool = False) -> None:
        super().__init__(f"status {status}")
        self.status = status
        if atomic:
            self.may_have_been_applied = False  # type: ignore[misc]  # an instance may know better than its class


class SaidNo(CoreError):
    may_have_been_applied = False

    def __init__(
        self,
        status: int,
        *,
        message: str = "",
        errors: Mapping[str, Sequence[str]] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"status {status}", retry_after=retry_after)
        self.status = status
        self.message = message
        self.errors = errors or {}


class Busy(SaidNo):
    """Trying again can help."""


class Locked(Busy):
    """The item alone is held by somebody, which says nothing of the core's health."""


class NotFound(SaidNo): ...


class Conflict(SaidNo): ...


class Rejected(SaidNo):
    """``errors`` are the core's messages by legacy field."""


class AccessDenied(SaidNo): ...
