"""Traces: a span around each request, and one around each of its steps that is worth one.

Switched off, there is one span that records nothing, and OpenTelemetry is not even imported.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

from gateway.telemetry.events import Silent, Telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gateway.telemetry.events import Failure

    Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class TracesUnavailable(RuntimeError):
    """Traces are asked for, and the extra ``traces`` is not installed."""


class Span(Protocol):
    """One step of a request. ``traceparent`` is its W3C trace context, empty where it records nothing."""

    traceparent: str

    def count(self, items: int) -> None:
        """How many items the step is about."""
        ...

    def failed(self, index: int, item_id: str, failure: Failure) -> None:
        """An item was not updated: an event, for the first hundred; a span per item would cost more than the item."""
        ...


class Traces(Telemetry, Protocol):
    """Makes spans, and as a hook of the Telemetry port completes a request's span."""

    def application(self, application: Application) -> Application:
        """A span for each request; it hands its own trace context to the application as if the caller had sent it."""
        ...

    def span(self, name: str, items: int | None = None) -> AbstractContextManager[Span]:
        """A span around a step of the request under way."""
        ...


class NoSpan:
    """Records nothing."""

    traceparent = ""

    def count(self, items: int) -> None:
        """Nothing is counted."""

    def failed(self, index: int, item_id: str, failure: Failure) -> None:
        """Nothing is told."""


class NoTraces(Silent):
    """Traces switched off."""

    def __init__(self) -> None:
        # Holds no state, so all requests may share it.
        self._span = nullcontext(NoSpan())

    def application(self, application: Application) -> Application:
        """The application itself."""
        return application

    def span(self, name: str, items: int | None = None) -> AbstractContextManager[Span]:
        """The span that records nothing."""
        return self._span
