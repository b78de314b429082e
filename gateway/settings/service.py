from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from gateway.settings.addresses import bind_address, bind_host, port_of, url
from gateway.settings.field import Fault, each, flag, one_of, setting, variable

if TYPE_CHECKING:
    from collections.abc import Iterator

# Each worker keeps one processor busy. More than these only take memory.
_WORKERS_PER_PROCESSOR = 4


def most_workers() -> int:
    """Processes of the gateway, or of a job worker, without ``MANY_WORKERS``."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return _WORKERS_PER_PROCESSOR * processors


def too_many(workers: int) -> str:
    return (
        f"must be at most {most_workers()}, four for each processor that the service may use; it is {workers}. "
        f"Where so many are meant, set {variable('many_workers')}=true"
    )


def _traces(text: str) -> bool:
    """On, it needs the extra ``traces``."""
    is_on = flag(text)
    try:
        is_possible = not is_on or all(map(find_spec, ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")))
    except ImportError:
        is_possible = False
    if not is_possible:
        raise ValueError("must be false unless the extra `traces` is installed (pip install -r deploy/lock/traces.txt)")
    return is_on


def _languages(text: str) -> tuple[str, ...]:
    # RFC 5646 section 2.1, and with the low line of the core's names of fields.
    return each(r"[A-Za-z]{1,8}([-_][A-Za-z0-9]{1,8})*", "language tags, such as en or pt-BR", text)


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    max_batch_items: int = setting(1000, parse=int, least=1, most=100_000, help="Items in one batch.")
    max_body_bytes: int = setting(
        5_242_880, parse=int, unit="bytes", least=1024, most=1_073_741_824, help="Request body, after inflation."
    )
    max_held_bytes: int = setting(
        67_108_864,
        parse=int,
        unit="bytes",
        least=0,
        most=68_719_476_736,
        help="Request bodies held by a worker at once, the first 64 KiB of each aside, before larger ones are shed; the default follows a larger `MAX_BODY_BYTES`.",
    )
    max_waiting_batches: int = setting(
        200,
        parse=int,
        least=1,
        most=100_000,
        help="Batches under way in a worker before new ones are shed; one principal gets three quarters of them.",
    )
    max_queue_age: float = setting(
        5.0,
        parse=float,
        unit="s",
        least=0.01,
        most=3600,
        help="How long a batch has waited for its turn at the core before new batches are shed.",
    )
    languages: tuple[str, ...] = setting(("en", "fr"), parse=_languages, help="Languages of texts, such as titles.")

    bind: str = setting(
        "127.0.0.1:8000",
        parse=bind_address,
        help="Where to listen: `HOST:PORT`, `unix:PATH` or `fd://NUMBER`; `-b` of gunicorn wins.",
    )
    client_keepalive: float = setting(
        75.0,
        parse=float,
        unit="s",
        least=1,
        most=3600,
        help="How long a client's connection may rest between requests; keep it above the load balancer's own.",
    )
    header_timeout: float = setting(
        5.0, parse=float, unit="s", least=0.1, most=600, help="Reading one request's head, from its first byte."
    )
    answer_timeout: float = setting(
        30.0,
        parse=float,
        unit="s",
        least=0.1,
        most=3600,
        help="A client's time to take one answer, or 32 KiB of a stream.",
    )
    workers: int = setting(
        1,
        parse=int,
        least=1,
        most=1024,
        help="Worker processes; one per processor. Above four per processor `MANY_WORKERS` is needed too.",
    )
    many_workers: bool = setting(
        False, parse=flag, help="More than four `WORKERS`, or `JOB_PROCESSES`, per processor are meant."
    )
    public_url: str = setting(
        "", parse=url, help="The service's own URL as partners see it; problem types start with it."
    )
    metrics: str = setting(
        "path",
        parse=one_of("path", "port", "off"),
        help="Where `/metrics` is: `path`, on the service's own port; `port`, on `METRICS_PORT`; `off`, nowhere.",
    )
    metrics_port: int = setting(
        9090, parse=int, least=1, most=65535, help="Port for `METRICS=port`, on the host of `METRICS_BIND`."
    )
    metrics_bind: str = setting("127.0.0.1", parse=bind_host, help="Host for `METRICS=port`.")
    status_page: bool = setting(False, parse=flag, help="Serve the operators' page `/status` beside the metrics.")
    guides_url: str = setting(
        "",
        parse=url,
        help="Where the guides that `make docs` builds can be read; the pages link them. Empty: no links.",
    )
    docs_page: bool = setting(True, parse=flag, help="Serve `/docs`.")
    traces: bool = setting(
        False,
        parse=_traces,
        help="Export traces by OTLP, of one request in ten unless `OTEL_TRACES_SAMPLER` says otherwise (`OTEL_*` variables apply); needs the extra `traces`.",
    )
    log_format: str = setting(
        "auto", parse=one_of("auto", "json", "console"), help="`auto`: key=value on a terminal, JSON elsewhere."
    )
    log_level: str = setting(
        "info",
        parse=one_of("debug", "info", "warning", "error"),
        help="Least severe events logged: `debug`, `info`, `warning` or `error`.",
    )
    log_failed_items: int = setting(10, parse=int, least=0, most=100_000, help="Failed items logged per batch.")

    def __post_init__(self) -> None:
        """A single body of the largest size always has room."""
        object.__setattr__(self, "max_held_bytes", max(self.max_held_bytes, self.max_body_bytes))

    def faults(self) -> Iterator[Fault]:
        # Only the port separates operators' requests from the public's.
        if self.metrics == "port" and self.metrics_port == port_of(self.bind):
            reason = f"must differ from the port of {variable('bind')}, which is {self.bind}"
            yield Fault("metrics_port", reason, beside=("bind", "metrics"))
        if self.workers > most_workers() and not self.many_workers:
            yield Fault("workers", too_many(self.workers), beside=("many_workers",))
