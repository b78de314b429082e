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

OutcomeT = TypeVar("OutcomeT", bound="bytes | Failure")
OutcomeT_co = TypeVar("OutcomeT_co", bound="bytes | Failure", covariant=True)


class Update(Protocol):
    """One item of a batch, as far as traces read it (``legacy_client.calls.ActionUpdate``)."""

    @property
    def id(self) -> str:
        """The action's id."""
        ...


UpdateT = TypeVar("UpdateT", bound=Update)
UpdateT_contra = TypeVar("UpdateT_contra", bound=Update, contravariant=True)


class TracesUnavailable(RuntimeError):
    """Traces are asked for, and the extra ``traces`` is not installed."""


class Loader(Protocol[UpdateT]):
    """Validates a batch (``schemas.actions.BatchLoader``)."""

    def load(self, document: object, allowed_partners: AbstractSet[str] | None = None) -> list[UpdateT]:
        """The valid items, or an error that holds every fault."""
        ...


class Runner(Protocol[UpdateT_contra, OutcomeT_co]):
    """Runs a batch (``gateway.batch.run.BatchRunner``)."""

    def stream(self, updates: Sequence[UpdateT_contra], context: CallContext) -> Iterator[tuple[int, OutcomeT_co]]:
        """``(index, outcome)`` for each update exactly once, as they finish."""
        ...


class Traces(Telemetry, Protocol):
    """Wraps the seams, and as a hook of the Telemetry port completes a request's span."""

    def application(self, application: Application) -> Application:
        """A span for each request; it hands its own trace context to the application as if the caller had sent it."""
        ...

    def loader(self, loader: Loader[UpdateT]) -> Loader[UpdateT]:
        """A span for the validation of each batch."""
        ...

    def runner(self, runner: Runner[UpdateT, OutcomeT]) -> Runner[UpdateT, OutcomeT]:
        """A span for the fan-out of each batch, its context sent to the core, with an event per failed item."""
        ...


class NoTraces(Silent):
    """Traces switched off."""

    def application(self, application: Application) -> Application:
        """The application itself."""
        return application

    def loader(self, loader: Loader[UpdateT]) -> Loader[UpdateT]:
        """The loader itself."""
        return loader

    def runner(self, runner: Runner[UpdateT, OutcomeT]) -> Runner[UpdateT, OutcomeT]:
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
