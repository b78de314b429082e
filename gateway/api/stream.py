"""A batch's answer as lines, one for each item as soon as its call was answered (``contract.md`` 1.4)."""

from __future__ import annotations

import _thread
import logging
import threading
from contextlib import ExitStack
from contextvars import copy_context
from typing import TYPE_CHECKING

import orjson

from gateway.api.accept import LINES
from gateway.api.answers import wait_seconds
from gateway.api.lines import Lines
from gateway.api.request import GatewayResponse, StreamedResponse
from gateway.batch.outcome import ItemError
from gateway.item_codes import Applied
from gateway.serving import streamed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from gateway.api.request import GatewayRequest
    from gateway.api.under_way import UnderWay
    from gateway.batch.summary import Summary
    from gateway.serving.streamed import Streamed

_log = logging.getLogger(__name__)
# Proxies give a silent answer up; the shortest usual bound is 30 s.
HEARTBEAT_SECONDS = 10.0
# Caches and proxies hand on each line as it is, and at once.
HEADERS = {"X-Accel-Buffering": "no", "Cache-Control": "no-store, no-transform"}


class Stream:
    """Iterated over once, by the server. The batch runs in a thread of its own and ends ``held``.

    ``held`` is what the batch holds, itself among it.
    """

    def __init__(
        self,
        batch: UnderWay,
        held: ExitStack,
        request_id: str,
        marked: Streamed,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self.sent_bytes = 0
        self.summary: Summary | None = None
        self._updated = self._failed = 0
        self._batch = batch
        self._held = held
        self._request_id = request_id
        self._marked = marked
        self._heartbeat_seconds = heartbeat_seconds
        self._lines = Lines()
        self._context = copy_context()
        self._has_begun, self._has_ended = False, threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        yield self._counted(_first(len(self._batch.calls), self._request_id))
        # A `Thread` waits until it runs, which costs as much as two items.
        _thread.start_new_thread(self._context.run, (self._run,))
        self._has_begun = True
        while (lines := self._lines.take(self._heartbeat_seconds)) is not None:
            self._marked.is_last = self._lines.are_over
            yield self._counted(lines or b"\n")

    def close(self) -> None:
        """Called by the server in any case (PEP 3333). Calls in flight finish, and nothing new is sent."""
        if not self._has_begun:
            self._held.close()
            return
        self._lines.leave()
        if self.summary is None:
            self._batch.deadline.cancel("client_gone")
        # Until the record is written the connection counts as busy, so that a stopping worker waits.
        self._has_ended.wait()

    def _counted(self, data: bytes) -> bytes:
        self.sent_bytes += len(data)
        return data

    def _run(self) -> None:
        try:
            self._lines.put(self._ran())
        except Exception:  # noqa: BLE001 -- the head has left, so the last line must tell
            _log.exception("stream_failed")
            self._lines.put(self._broken())
        finally:
            self._lines.end()
            self._has_ended.set()

    def _ran(self) -> bytes:
        """The last line. The key is given back before the client has it."""
        batch = self._batch
        with self._held:
            resource, calls = batch.resource, batch.calls
            id_name, put = resource.id_name, self._lines.put
            line = b'{"index":%%d,"%b":%%b}\n' % resource.name.encode()
            for index, outcome in batch.run:
                if isinstance(outcome, ItemError):
                    put(_json({"index": index, "error": outcome.body(index, id_name, calls[index].id)}))
                    self._failed += outcome.outcome is not Applied.UNKNOWN
                else:
                    put(line % (index, outcome))
                    self._updated += 1
            summary = batch.report("stream")
        self.summary = summary
        return _last(summary, is_kept=batch.claim.is_kept)

    def _broken(self) -> bytes:
        """The last line after a fault: what was not told counts as unknown."""
        unknown = len(self._batch.calls) - self._updated - self._failed
        counts = {"succeeded": self._updated, "failed": self._failed, "unknown": unknown}
        return _json({"status": 500, **counts, "code": "internal_error"})


def stream(begun: AbstractContextManager[UnderWay], request: GatewayRequest) -> GatewayResponse:
    """Raises what ``begun`` raises: before its first line a stream is refused like any batch."""
    held = ExitStack()
    batch = held.enter_context(begun)
    lines = Stream(batch, held, request.id, streamed.mark(request.environ))
    answer = StreamedResponse(lines, 200, HEADERS, content_type=LINES)

    def note() -> None:
        request.sent_bytes = lines.sent_bytes

    answer.call_on_close(note)
    return answer


def rehearsed_stream(request: GatewayRequest, items: int) -> GatewayResponse:
    """The lines of a dry run."""
    last = _json({"status": 200, "succeeded": 0, "failed": 0, "unknown": 0, "validated": items})
    return GatewayResponse(_first(items, request.id) + last, 200, HEADERS, content_type=LINES)


def _first(items: int, request_id: str) -> bytes:
    return _json({"total": items, "request_id": request_id})


def _last(summary: Summary, *, is_kept: bool) -> bytes:
    counts, result = summary.details.counts, summary.verdict
    succeeded, unknown = summary.details.succeeded, _sum(counts, Applied.UNKNOWN)
    failed = summary.details.items - succeeded - unknown
    last: dict[str, object] = {"status": result.status, "succeeded": succeeded, "failed": failed, "unknown": unknown}
    if not_sent := {code: count for (outcome, code), count in counts.items() if outcome == Applied.NOT_SENT.value}:
        last["not_sent"] = not_sent
    if (seconds := wait_seconds(result)) is not None:
        last["retry_after"] = seconds
    if not is_kept:
        last["idempotency_kept"] = False
    return _json(last)


def _sum(counts: Mapping[tuple[str, str], int], applied: Applied) -> int:
    return sum(count for (outcome, _), count in counts.items() if outcome == applied.value)


def _json(line: Mapping[str, object]) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
