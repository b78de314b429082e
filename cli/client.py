"""The client for programs: a batch of any size, each item accounted for, over crashes too.

::

    client = Client("https://gateway.example", client_credentials(Provider(issuer, client_id, secret)))
    for outcome in client.update(items):
        if outcome.outcome != "applied":
            print(outcome.index, outcome.item_id, outcome.code, outcome.detail)
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

from cli.access.credentials import Credentials, Token, TokenFile, client_credentials
from cli.access.keycloak import Provider
from cli.connection import Connection
from cli.errors import (
    ActionsError,
    Exhausted,
    InUse,
    InvalidInput,
    NoAnswer,
    NotAllowed,
    NotEnded,
    Refused,
    Unwritable,
    Usage,
)
from cli.folders import state_folder
from cli.outcome import Failure, Kind, Outcome
from cli.rows.opening import Reading, spool_lines, spooled_input
from cli.runs import Runs
from cli.told import Told
from cli.update import Updates, Wishes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path
    from typing import IO

    from cli.chunk import Chunk
    from cli.limits import Limits
    from cli.run import Step
    from cli.update import Update

__all__ = [
    "ActionsError",
    "Client",
    "Credentials",
    "Exhausted",
    "InUse",
    "InvalidInput",
    "Kind",
    "NoAnswer",
    "NotAllowed",
    "NotEnded",
    "Outcome",
    "Provider",
    "Refused",
    "Token",
    "TokenFile",
    "Unwritable",
    "Usage",
    "client_credentials",
]


class Client:
    """``url`` is the gateway's address. ``credentials`` are a Token, a TokenFile, or ``client_credentials(Provider(…))``.

    ``state_folder`` is where journals are kept; None: the user's own folder for state, or ACTIONS_STATE_DIR.
    ``pause`` waits so many seconds, and is told why.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        *,
        state_folder: Path | None = None,
        plain_http: bool = False,
        pause: Callable[[float, str], None] = lambda seconds, _why: time.sleep(seconds),
    ) -> None:
        self._connection = Connection(url, credentials, plain_http=plain_http)
        self._folder = state_folder
        self._pause = pause

    def limits(self) -> Limits:
        """What the gateway takes. Raises Refused."""
        return self._updates()[0].limits()

    def update(self, items: Iterable[Mapping[str, Any]], *, job: bool | None = None) -> Iterator[Outcome]:
        """Send ``items``; one Outcome for each, as soon as it is known. Nothing is sent before the first is asked for.

        Above 2,000 items, or with ``job=True``, they go as one job. It runs at the gateway, whatever becomes of this
        program. Its outcomes come in the order in which they end.
        With ``job=False``, or where the gateway has no jobs, the items go in batches.

        The same items again, after a crash or an error of this client, go on where they stopped. What is final is told
        from the journal, and never sent again. The journal is removed once the last outcome was taken and none is
        ``retryable``. From then on the same items are sent anew.

        Memory does not grow with the number of items.
        Raises InvalidInput before anything is sent. Raises InUse where another process sends the same items.
        Raises NotEnded where a job goes on and its outcomes cannot be had now.
        Raises Refused, Exhausted or Unwritable where the run cannot go on. What was told until then stays true.
        """
        updates, runs = self._updates()
        # As JSON, so that an error speaks of items, which are counted from 1.
        path = spool_lines(lambda file: _write(items, file), runs.spool, "json")
        source = spooled_input("-", "json", path)
        try:
            if not source.size:
                return
            with updates.open(source, Reading(form="json"), Wishes(job=job)) as update:
                yield from _told(update)
                for step in update.run.steps():
                    yield from _outcomes(step)
                if update.run.is_ended:
                    update.journal.remove()
        finally:
            runs.tidy(source)

    def close(self) -> None:
        self._connection.close()

    def _updates(self) -> tuple[Updates, Runs]:
        runs = Runs(self._folder or state_folder(os.environ))
        return Updates(self._connection, runs, self._pause), runs


def _write(items: Iterable[Mapping[str, Any]], file: IO[bytes]) -> None:
    for item in items:
        file.write(json.dumps(item, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")


def _outcomes(step: Step) -> Iterator[Outcome]:
    """Those that ended with a step."""
    failed = {failure.place: failure for failure in step.failures}
    for place, item_id in step.body.ids.items():
        if place in failed:
            yield _failed(step.chunk, item_id, failed[place])
        elif not step.was_cut_anew:
            yield Outcome(
                index=step.chunk.first + place, item_id=item_id, outcome="applied", updated=step.updated.get(place)
            )


def _told(update: Update) -> Iterator[Outcome]:
    """Those of earlier runs that are final. What is open comes again."""
    told, is_open = Told(update.journal.path), set(update.journal.state.open)
    for chunk, settled in told.settled():
        final = [failure for failure in settled.failures if not failure.retryable]
        yield from _of(update, chunk, final, applied=set(settled.applied))
    if told.is_job:
        return
    for chunk, failures in told.refused():
        yield from _of(update, chunk, failures, applied=frozenset())
    for chunk, last in told.chunks():
        if chunk.number not in is_open:
            failed = {failure.place for failure in last or ()}
            left_out = {index - chunk.first for index in chunk.without}
            yield from _of(update, chunk, last or (), applied=set(range(chunk.count)) - failed - left_out)


def _of(update: Update, chunk: Chunk, failures: Sequence[Failure], *, applied: AbstractSet[int]) -> Iterator[Outcome]:
    failed = {failure.place: failure for failure in failures}
    for place, row in enumerate(update.rows.read(chunk.start, chunk.end, chunk.line)):
        item_id = str(row.item.get("actionId", ""))
        if place in failed:
            yield _failed(chunk, item_id, failed[place])
        elif place in applied:
            yield Outcome(index=chunk.first + place, item_id=item_id, outcome="applied")


def _failed(chunk: Chunk, item_id: str, failure: Failure) -> Outcome:
    return Outcome(
        index=chunk.first + failure.place,
        item_id=item_id,
        outcome=failure.outcome,
        code=failure.code,
        detail=failure.detail,
        retryable=failure.retryable,
    )
