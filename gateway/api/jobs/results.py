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
from gateway.api.stream import HEADERS, HEARTBEAT_SECONDS
from gateway.jobs.errors import JobNotFound
from gateway.serving import streamed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gateway.api.request import GatewayRequest, GatewayResponse
    from gateway.jobs.result_lines import Kind, ResultLine
    from gateway.jobs.results import ResultPage
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """``page`` reads the page after a cursor, and may raise StoreUnavailable or JobNotFound.

    ``is_ending``: this worker is to stop, or nobody reads any more.
    """

    page: Page
    follow: bool
    is_ending: Callable[[], bool]
    let_others_run: Callable[[], None]


class Results:
    """Lines of one job. After each page comes its ``cursor``, from which a reader that was cut off goes on."""

    def __init__(self, resource: Resource, job_id: str, reading: Reading) -> None:
        self.sent_bytes = 0
        self._resource = resource
        self._job_id = job_id
        self._reading = reading

    def after(self, page: ResultPage, since: str) -> Iterator[bytes]:
        """``page`` is the first, read already."""
        for piece in self._pieces(page, since):
            self.sent_bytes += len(piece)
            yield piece

    def _pieces(self, page: ResultPage, since: str) -> Iterator[bytes]:
        reading, cursor, silent = self._reading, since, 0.0
        if reading.follow and page.is_empty:
            # The head leaves with the first bytes, and nobody should wait for it.
            yield b"\n"
        try:
            while True:
                yield from self._told(page)
                reading.let_others_run()
                is_still, cursor = page.cursor == cursor, page.cursor
                if page.is_last or (is_still and not reading.follow) or reading.is_ending():
                    yield self._last(page)
                    return
                silent = silent + _LOOK_SECONDS if is_still else 0.0
                if is_still:
                    time.sleep(_LOOK_SECONDS)
                if silent >= HEARTBEAT_SECONDS:
                    silent = 0.0
                    yield b"\n"
                page = reading.page(cursor)
                reading.let_others_run()
        except (StoreUnavailable, JobNotFound) as exc:
            # The head has left, so the last line must tell.
            _log.warning("job_results_cut", extra={"reason": type(exc).__name__})
            yield _json({"cursor": cursor_text(self._job_id, cursor), "complete": False})

    def _told(self, page: ResultPage) -> Iterator[bytes]:
        if page.is_empty:
            return
        unprocessed = map(self._line, page.unprocessed)
        yield b"".join([page.told, *unprocessed, _json({"cursor": cursor_text(self._job_id, page.cursor)})])

    def _line(self, line: ResultLine) -> bytes:
        """Of an item that was not processed."""
        told: dict[str, object] = {
            "index": line.index,
            "part": line.part,
            "line": line.line,
            self._resource.id_name: line.item_id,
            "outcome": line.kind,
        }
        return _json(told)

    def _last(self, page: ResultPage) -> bytes:
        """``complete``: the job has ended, and this was all of it."""
        return _json({"cursor": cursor_text(self._job_id, page.cursor), "complete": page.is_last})


def answer(request: GatewayRequest, results: Results, first: ResultPage, since: str) -> GatewayResponse:
    streamed.mark(request.environ)
    answer = StreamedResponse(results.after(first, since), 200, HEADERS, content_type=LINES)

    def note() -> None:
        request.sent_bytes = results.sent_bytes

    answer.call_on_close(note)
    return answer


def cursor_text(job_id: str, cursor: str) -> str:
    """As readers have it: at another job it would leave lines out, and nobody would know."""
    return f"{job_id}.{cursor}" if cursor else ""


def cursor_in(job_id: str, text: str) -> str:
    """Raises ValueError."""
    cursor = text.removeprefix(f"{job_id}.")
    if text and cursor == text:
        raise ValueError("must be a cursor of this job's results")
    return cursor


def _json(line: Mapping[str, object]) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
