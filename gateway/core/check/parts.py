"""What a run of the check is made of, as the settings and the options say."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.api.routes import of_core_map
from gateway.core.check.item_field import ItemField
from gateway.core.check.journal import Journal, NoJournal
from gateway.settings import Settings, variable
from gateway.settings.proxies import proxy_for
from gateway.wiring.access import Access, key_records
from gateway.wiring.core import answer_shape, core_transport
from gateway.wiring.core_map import map_of
from legacy_client.header_line import is_header_value
from legacy_client.sending.reading import AnswerReader
from legacy_client.single.line import Place
from legacy_client.transport.base import Tls

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from gateway.core.check.pace import Pace
    from gateway.resources.resource import Resource
    from legacy_client.calls import Update
    from legacy_client.single.calls import SingleCalls
    from legacy_client.transport.base import Gate, Transport


class Unusable(Exception):
    """The text says why."""


def check_id(calls: SingleCalls, call: Update) -> None:
    """Raises Unusable."""
    try:
        calls.request(call, "check", credentials={})
    except ValueError as exc:
        raise Unusable(f"{call.id}: {exc}") from exc


def resource(settings: Settings) -> Resource:
    """The one that has a map. Raises SettingsError."""
    with map_of(settings.core) as text:
        return of_core_map(text)(settings.service.languages, 1, lambda: None)


def field(resource: Resource, name: str, languages: Sequence[str]) -> ItemField:
    """Raises Unusable."""
    try:
        return ItemField(resource, name, languages)
    except ValueError as exc:
        raise Unusable(f"--field {exc}") from exc


def reader(settings: Settings) -> AnswerReader:
    return AnswerReader(
        atomic_errors=settings.core.core_atomic_errors,
        max_answer_bytes=settings.core.core_max_answer_bytes,
        misread=lambda _kind: None,
        shape=answer_shape(settings.core),
    )


def authorization(settings: Settings, options: argparse.Namespace) -> str:
    """A caller's, where it is forwarded. Raises Unusable and OSError."""
    if settings.core.core_auth != "forward":
        return ""
    if options.authorization_file is None:
        raise Unusable(f"{variable('core_auth')}=forward needs a caller's header in --authorization-file")
    given = str(options.authorization_file.read_text(encoding="latin-1").strip())
    if not given or not is_header_value(given):
        raise Unusable("--authorization-file must hold the value of one header")
    return given


def fetch_token(settings: Settings) -> Callable[[], tuple[str, float]]:
    # Its clients take half a second to make.
    return lambda: Access(settings.access, key_records(settings.stores)).core_token(settings.core)()


def transports(settings: Settings, pace: Pace) -> Callable[[Gate], Transport]:
    """As the gateway makes them, but wide enough for each level of the load."""
    core = replace(settings.core, core_concurrency=max(pace.levels))
    return lambda gate: core_transport(core, gate, settings.budgets.core_timeout)


def place(settings: Settings, reader: AnswerReader, note: Callable[..., None]) -> Place:
    core = settings.core
    return Place(
        base_url=core.core_url,
        proxy=proxy_for(core.core_proxy, core.core_url),
        tls=Tls(ca_file=core.core_ca_file, cert_file=core.core_cert_file, key_file=core.core_key_file),
        connect_seconds=core.core_connect_timeout,
        answer_seconds=settings.budgets.core_timeout,
        most_bytes=core.core_max_answer_bytes,
        read=reader.read,
        note=note,
    )


def journal(options: argparse.Namespace, run_id: str) -> Journal | NoJournal:
    if not options.write:
        return NoJournal()
    return Journal(options.journal or Path(f"core-check-{run_id}.ndjson"), time.time)
