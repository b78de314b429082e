from __future__ import annotations

from contextlib import closing, nullcontext
from typing import TYPE_CHECKING

from legacy_client.call_context import CallContext
from legacy_client.deadline import Deadline
from legacy_client.errors import CoreError, NotSent
from legacy_client.single.seen import Seen, Timing, unanswered
from legacy_client.template import RequestTemplate
from legacy_client.transport.flow import Flow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from requests import PreparedRequest, Response

    from legacy_client.calls import Update
    from legacy_client.credentials import CoreCredentials
    from legacy_client.operations import Operation
    from legacy_client.sending.reading import AnswerReader
    from legacy_client.transport.base import Gate, Transport

    MakeTransport = Callable[[Gate], Transport]
    Note = Callable[..., None]

USER_AGENT = "bulk-update-gateway-check"


def told(request: PreparedRequest) -> dict[str, str]:
    """Method, path and body, without headers: some are secret."""
    body = request.body if isinstance(request.body, bytes) else b""
    return {"method": request.method or "", "path": request.path_url, "body": body.decode()}


class Stopwatch:
    """A gate that lets ``most`` calls go at once, and keeps how long each took.

    ``is_over`` is asked after each: then no more are let through.
    """

    def __init__(
        self,
        most: int = 1,
        is_over: Callable[[Timing], bool] = lambda _timing: False,
        is_success: Callable[[Response], bool] = lambda _response: True,
    ) -> None:
        self._most = most
        self._is_over = is_over
        self._is_success = is_success
        self.timings: list[Timing] = []
        self.error: CoreError | None = None

    def capacity(self) -> int:
        return self._most

    def admit(self) -> CoreError | None:
        return self.error

    def record(self, results: Sequence[Response | CoreError], seconds: Sequence[float]) -> None:
        for result, each in zip(results, seconds, strict=True):
            timing = self._timing(result, each)
            self.timings.append(timing)
            if self._is_over(timing):
                self.error = NotSent("over")

    def _timing(self, result: Response | CoreError, seconds: float) -> Timing:
        if isinstance(result, CoreError):
            return Timing(0, seconds, is_success=False)
        wait = result.headers.get("Retry-After") or ""
        return Timing(result.status_code, seconds, is_success=self._is_success(result), retry_after=wait)


class SingleCalls:
    """Calls as the client writes them, over its transport, without its retries and its circuit.

    ``authorization`` is that of a caller, where credentials are forwarded. ``note`` is told each call before it
    leaves, and what came of it. Times are in seconds.
    ``undisturbed`` is entered around what no exception of a signal's handler may leave in pieces. ``is_told_to_end``
    ends many calls.
    """

    def __init__(
        self,
        base_url: str,
        operation: Operation[Update],
        *,
        transport: MakeTransport,
        credentials: CoreCredentials,
        reader: AnswerReader,
        seconds: float,
        authorization: str,
        note: Note,
        undisturbed: Callable[[], AbstractContextManager[None]] = nullcontext,
        is_told_to_end: Callable[[], bool] = lambda: False,
    ) -> None:
        self._undisturbed, self._is_told_to_end = undisturbed, is_told_to_end
        self._operation = operation
        headers = {**dict(operation.headers), "User-Agent": USER_AGENT}
        self._update = RequestTemplate.of(operation.method, base_url, headers)
        self._look = RequestTemplate.of("GET", base_url, headers)
        self._make_transport = transport
        self._credentials = credentials
        self._reader = reader
        self._seconds = seconds
        self._authorization = authorization
        self._note = note
        self._gate = Stopwatch()
        self._transport = transport(self._gate)

    @property
    def method(self) -> str:
        return self._operation.method

    def own_credentials(self) -> Mapping[str, str]:
        """Raises NotSent where there are none."""
        return self._credentials.headers(self._context())

    def request(
        self, call: Update, key: str, *, credentials: Mapping[str, str] | None = None, is_look: bool = False
    ) -> PreparedRequest:
        """``key`` is the prefix of the call's key. ``credentials`` instead of the client's own.

        Raises NotSent where there are none.
        """
        own = self.own_credentials() if credentials is None else credentials
        written = self._operation.write(self._update.extended(own), call, key)
        if not is_look:
            return written
        read_path = self._operation.read_path
        path = (written.url or "").removeprefix(self._update.url) if read_path is None else read_path(call)
        return self._look.extended(own).prepare(path, b"", {})

    def expected_id(self, call: Update) -> int | str:
        return self._operation.expected_id(call)

    def update(
        self, call: Update, key: str, *, credentials: Mapping[str, str] | None = None, is_new_line: bool = False
    ) -> Seen:
        """``is_new_line``: over a connection of its own."""
        try:
            request = self.request(call, key, credentials=credentials)
        except CoreError as error:
            return unanswered(error, 0.0)
        if not is_new_line:
            return self._sent(self._transport, self._gate, request, call)
        gate = Stopwatch()
        with self._undisturbed(), closing(self._make_transport(gate)) as transport:
            return self._sent(transport, gate, request, call)

    def look(self, call: Update) -> Seen:
        """GET what an update would change."""
        try:
            request = self.request(call, "look", is_look=True)
        except CoreError as error:
            return unanswered(error, 0.0)
        return self._sent(self._transport, self._gate, request, call)

    def many(
        self, call: Update, keys: Sequence[str], at_once: int, is_over: Callable[[Timing], bool]
    ) -> Sequence[Timing]:
        """The same update again and again until it is over. Those under way are waited for."""
        expected = self.expected_id(call)
        gate = Stopwatch(
            at_once,
            lambda timing: is_over(timing) or self._is_told_to_end(),
            lambda response: not isinstance(self._reader.read(response, expected), CoreError),
        )
        own = self.own_credentials()
        template = self._update.extended(own)
        requests = _Repeated(template, self._operation, call, keys)
        flow = Flow(deadline=Deadline(float("inf")), concurrency=at_once, item_seconds=self._seconds)
        self._note("load", at_once=at_once, most=len(keys), body=call.body.decode())
        with self._undisturbed(), closing(self._make_transport(gate)) as transport:
            for _ in transport.send_many(requests, flow):
                pass
        self._note("load_ended", calls=len(gate.timings))
        return gate.timings

    def renew(self) -> None:
        """Go on over a transport of its own: one that an exception of the loop went through may be left in pieces."""
        self._transport.close()
        self._gate = Stopwatch()
        self._transport = self._make_transport(self._gate)

    def close(self) -> None:
        self._transport.close()

    def _sent(self, transport: Transport, gate: Stopwatch, request: PreparedRequest, call: Update) -> Seen:
        flow = Flow(deadline=Deadline(self._seconds), concurrency=1, item_seconds=self._seconds)
        self._note("call", **told(request))
        with self._undisturbed():
            [(_, result)] = transport.send_many([request], flow)
        seconds = gate.timings.pop().seconds if gate.timings else 0.0
        seen = self._seen(result, call, seconds)
        self._note("answer", status=seen.status, ms=round(seconds * 1000, 1))
        return seen

    def _seen(self, result: Response | CoreError, call: Update, seconds: float) -> Seen:
        if isinstance(result, CoreError):
            return unanswered(result, seconds)
        return Seen(
            status=result.status_code,
            headers=[(name, str(value)) for name, value in result.headers.items()],
            body=result.content,
            seconds=seconds,
            reading=self._reader.read(result, self.expected_id(call)),
        )

    def _context(self) -> CallContext:
        return CallContext(deadline=Deadline(self._seconds), concurrency=1, authorization=self._authorization)


class _Repeated:
    """One call under many keys."""

    def __init__(
        self, template: RequestTemplate, operation: Operation[Update], call: Update, keys: Sequence[str]
    ) -> None:
        self._template = template
        self._operation = operation
        self._call = call
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, index: int, /) -> PreparedRequest:
        return self._operation.write(self._template, self._call, self._keys[index])
