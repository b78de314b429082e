"""What became of a job's items, as lines (``contract.md`` 1.6)."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from gateway.admission.idempotency.errors import StoreUnavailable
from gateway.api.accept import LINES
from gateway.api.request import StreamedResponse
from gateway.api.stream import HEADERS, HEARTBEAT_SECONDS, PIECE_BYTES
from gateway.batch.outcome import ItemError
from gateway.jobs.errors import JobNotFound
from gateway.serving import streamed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gateway.api.request import GatewayRequest, GatewayResponse
    from gateway.jobs.results import Kind, ResultLine, ResultPage
    from gateway.resources.resource import Resource

    Page = Callable[[str], ResultPage]

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """``follow``: go on until the job has ended."""

    outcome: Kind | None
    since: str
    follow: bool


class Results:
    """Lines of one job. After each page comes its ``cursor``, from which a reader that was cut off goes on.

    ``page`` reads the page after a cursor, and may raise StoreUnavailable or JobNotFound.
    """

    def __init__(
        self,
        resource: Resource,
        page: Page,
        *,
        follow: bool,
        is_ending: Callable[[], bool],
    ) -> None:
        self._name = resource.name
        self._resource = resource
        self._page = page
        self._follow = follow
        self._is_ending = is_ending

    def after(self, page: ResultPage, since: str) -> Iterator[bytes]:
        """``page`` is the first, read already."""
        cursor, silent = since, 0.0
        try:
            while True:
                yield from self._told(page)
                is_still, cursor = page.cursor == cursor, page.cursor
                if page.is_last or (is_still and not self._follow) or self._is_ending():
                    yield _last(page)
                    return
                silent = silent + _LOOK_SECONDS if is_still else 0.0
                if is_still:
                    time.sleep(_LOOK_SECONDS)
                if silent >= HEARTBEAT_SECONDS:
                    silent = 0.0
                    yield b"\n"
                page = self._page(cursor)
        except (StoreUnavailable, JobNotFound) as exc:
            # The head has left, so the last line must tell.
            _log.warning("job_results_cut", extra={"reason": type(exc).__name__})
            yield _json({"cursor": cursor, "complete": False})

    def _told(self, page: ResultPage) -> Iterator[bytes]:
        if not page.lines:
            return
        lines = [_json(self._line(line)) for line in page.lines]
        due = b"".join([*lines, _json({"cursor": page.cursor})])
        for begin in range(0, len(due), PIECE_BYTES):
            yield due[begin : begin + PIECE_BYTES]

    def _line(self, line: ResultLine) -> Mapping[str, object]:
        outcome, id_name = line.outcome, self._resource.id_name
        told: dict[str, object] = {
            "index": line.index,
            "part": line.part,
            "line": line.line,
            id_name: line.item_id,
            "outcome": line.kind,
        }
        if isinstance(outcome, ItemError):
            told["error"] = outcome.body(line.index, id_name, line.item_id)
        elif outcome is not None:
            told[self._name] = orjson.Fragment(outcome)
        return told


def answer(request: GatewayRequest, lines: Iterator[bytes]) -> GatewayResponse:
    streamed.mark(request.environ)
    return StreamedResponse(lines, 200, HEADERS, content_type=LINES)


def _last(page: ResultPage) -> bytes:
    """``complete``: the job has ended, and this was all of it."""
    return _json({"cursor": page.cursor, "complete": page.is_last})


def _json(line: Mapping[str, object]) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
