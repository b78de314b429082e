"""Traces as wrappers around three seams: the application, the loader of batches and the runner of batches.

Switched off, each wrapper is its argument, so that nothing is left on the path and OpenTelemetry is not even imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from gateway.telemetry.events import Silent, Telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from gateway.telemetry.events import Failure
    from legacy_client.calls import CallContext

    Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
    Item = dict[str, object]

OutcomeT = TypeVar("OutcomeT", bound="Item | Failure")
OutcomeT_co = TypeVar("OutcomeT_co", bound="Item | Failure", covariant=True)


class TracesUnavailable(RuntimeError):
    """Traces are asked for, and the extra ``traces`` is not installed."""


class Loader(Protocol):
    """Validates a batch (``schemas.actions.BatchLoader``)."""

    def load(self, document: object, allowed_partners: AbstractSet[str] | None = None) -> list[Item]:
        """The valid items, or an error that holds every fault."""
        ...


class Runner(Protocol[OutcomeT_co]):
    """Runs a batch (``gateway.batch.BatchRunner``)."""

    def stream(self, items: Sequence[Item], context: CallContext) -> Iterator[tuple[int, OutcomeT_co]]:
        """``(index, outcome)`` for each item exactly once, as they finish."""
        ...


class Traces(Telemetry, Protocol):
    """Wraps the seams, and as a hook of the Telemetry port completes a request's span."""

    def application(self, application: Application) -> Application:
        """A span for each request; it hands its own trace context to the application as if the caller had sent it."""
        ...

    def loader(self, loader: Loader) -> Loader:
        """A span for the validation of each batch."""
        ...

    def runner(self, runner: Runner[OutcomeT]) -> Runner[OutcomeT]:
        """A span for the fan-out of each batch, its context sent to the core, with an event per failed item."""
        ...


class NoTraces(Silent):
    """Traces switched off."""

    def application(self, application: Application) -> Application:
        """The application itself."""
        return application

    def loader(self, loader: Loader) -> Loader:
        """The loader itself."""
        return loader

    def runner(self, runner: Runner[OutcomeT]) -> Runner[OutcomeT]:
        """The runner itself."""
        return runner


def connect_traces(*, enabled: bool, version: str) -> Traces:
    """Traces exported by OTLP over HTTP, as the ``OTEL_*`` variables say. To be called in the worker, after the fork.

    Raises TracesUnavailable.
    """
    if not enabled:
        return NoTraces()
    try:
        from gateway.telemetry.spans import OpenTelemetryTraces, exporting_tracer
    except ImportError as exc:
        raise TracesUnavailable("GATEWAY_TRACES: needs the extra `traces` (pip install '.[traces]')") from exc
    return OpenTelemetryTraces(exporting_tracer(version))
