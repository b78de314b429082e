"""Switched off, OpenTelemetry is not imported."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

from gateway.telemetry.hooks import Silent, Telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gateway.telemetry.events import Failure

    Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class TracesUnavailable(RuntimeError):
    """The extra ``traces`` is not installed."""


class Span(Protocol):
    @property
    def traceparent(self) -> str:
        """The W3C trace context, or empty."""
        ...

    def count(self, items: int) -> None: ...

    def failed(self, index: int, item_id: str, failure: Failure) -> None: ...


class Traces(Telemetry, Protocol):
    """As a hook it completes a request's span."""

    def application(self, application: Application) -> Application:
        """It gets its span's trace context as if the caller had sent it."""
        ...

    def span(self, name: str, items: int | None = None, *, within: str = "") -> AbstractContextManager[Span]:
        """``within``: the trace context that it goes on with, in place of the request's."""
        ...

    def flush(self) -> None:
        """Send what has ended, within two seconds."""
        ...


class NoSpan:
    traceparent = ""

    def count(self, items: int) -> None: ...

    def failed(self, index: int, item_id: str, failure: Failure) -> None: ...


class NoTraces(Silent):
    def __init__(self) -> None:
        # It holds no state, so all requests share it.
        self._span = nullcontext(NoSpan())

    def application(self, application: Application) -> Application:
        return application

    def flush(self) -> None: ...

    def span(self, name: str, items: int | None = None, *, within: str = "") -> AbstractContextManager[Span]:
        return self._span
