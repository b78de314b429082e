"""The sandbox's core on a loop of its own, with one fault at a time: each is what one row of the check is about."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import orjson

from sandbox.core.app import Core
from sandbox.core.database import Database
from sandbox.core.errors import core_faults, legacy_error
from sandbox.core.trouble import Trouble
from sandbox.server.connection import Connection, Traffic
from sandbox.server.messages import Answer, Request, json_answer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sandbox.core.dialects.base import Dialect

    Fault = Callable[["CheckedCore", Request], Answer | None]

ITEM, MISSING = "19353", "999999999"
TOKEN = "Bearer good"
HTML = Answer(200, b"<!doctype html><title>Log in</title>", (("Content-Type", "text/html"),))
LOGIN = Answer(302, b"", (("Location", "/login?next=secret"),))


class CheckedCore:
    """``fault`` None: all is well. ``has_clock``: answers have a ``Date``. ``writes`` counts updates with a field."""

    def __init__(self, folder: Path, tls: ssl.SSLContext | None = None, dialect: Dialect | None = None) -> None:
        self._database_file = folder / "core.sqlite3"
        self._dialect = dialect
        self._tls = tls
        self.fault: Fault | None = None
        self.has_clock = True
        self.traffic = Traffic()
        self.seen: list[Request] = []
        self.writes = 0
        self.uses: Counter[str] = Counter()
        self.url = ""
        self._ready = threading.Event()

    @contextmanager
    def serving(self) -> Iterator[CheckedCore]:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        self._ready.wait()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join()

    @contextmanager
    def with_fault(self, fault: Fault | None) -> Iterator[CheckedCore]:
        """From the seed on."""
        self._in_loop(lambda: self._own(Request("POST", "/_sandbox/reset", {}, b"")))
        self.fault, self.writes, self.has_clock = fault, 0, True
        self.seen.clear()
        self.uses.clear()
        try:
            yield self
        finally:
            self.fault = None

    def row(self) -> dict[str, Any]:
        answer = self._in_loop(lambda: self._own(Request("GET", f"/actions/{ITEM}", {}, b"")))
        row: dict[str, Any] = orjson.loads(answer.body)["data"]
        return row

    def change(self, fields: Mapping[str, Any]) -> None:
        """As somebody else does."""
        body = orjson.dumps(fields)
        headers = {"content-type": "application/json"}
        ask = lambda: self._own(Request("PATCH", f"/actions/{ITEM}", headers, body))  # noqa: E731 -- runs in the loop
        if threading.current_thread() is self._thread:
            ask()
        else:
            self._in_loop(ask)

    def applied(self) -> list[dict[str, Any]]:
        """Bodies of the updates that changed something, oldest first."""
        answer = self._in_loop(lambda: self._own(Request("GET", "/_sandbox/journal", {}, b"")))
        return [entry["body"] for entry in orjson.loads(answer.body)["data"]]

    def as_usual(self, request: Request, body: Any = None) -> Answer:
        """``body``: as if it had been sent."""
        return self.core(request if body is None else request._replace(body=orjson.dumps(body)))

    def close_at_rest(self, seconds: float) -> None:
        """All connections, if nothing comes for so long."""
        seen = len(self.seen)

        def close() -> None:
            if len(self.seen) == seen:
                self.close_now()

        self._loop.call_later(seconds, close)

    def close_now(self) -> None:
        for transport in list(self.traffic.open):
            self._loop.call_soon(transport.close)

    def _in_loop(self, ask: Callable[[], Answer]) -> Answer:
        async def asked() -> Answer:
            return ask()

        return asyncio.run_coroutine_threadsafe(asked(), self._loop).result(5)

    async def _serve(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        database = Database(self._database_file)
        trouble = Trouble(core_faults(), {})
        self.core, self._own = (
            Core(database, trouble, self.traffic, needs_bearer=False, honours_idempotency=True, dialect=dialect)
            for dialect in (self._dialect, None)
        )
        make = lambda: Connection(self._answer, self.traffic)  # noqa: E731 -- a factory
        servers = [await self._loop.create_server(make, sock=each, ssl=self._tls) for each in self._listeners()]
        self._ready.set()
        await self._stopped.wait()
        for server in servers:
            server.close()
        for transport in list(self.traffic.open):
            transport.abort()
        database.close()

    def _listeners(self) -> Iterator[socket.socket]:
        """With TLS at each address of the name that certificates have."""
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        self.url = f"https://localhost:{port}" if self._tls else f"http://127.0.0.1:{port}"
        yield listener
        # Where the machine has none, its name has no such address.
        with suppress(OSError):
            yield socket.create_server(("::1", port), family=socket.AF_INET6)

    def _answer(self, request: Request) -> Answer:
        self.seen.append(request)
        if is_write(request):
            self.writes += 1
        answer = self.fault(self, request) if self.fault else None
        if answer is None:
            answer = legacy_error(401) if is_stranger(request) else self.core(request)
        if not self.has_clock or any(name == "Date" for name, _ in answer.headers):
            return answer
        return replace(answer, headers=(*answer.headers, ("Date", formatdate(usegmt=True))))


def is_stranger(request: Request) -> bool:
    return request.headers.get("authorization") != TOKEN


def is_missing(request: Request) -> bool:
    return request.path.endswith(f"/{MISSING}") and request.method == "PATCH"


def is_write(request: Request) -> bool:
    return request.path.endswith(f"/{ITEM}") and request.method == "PATCH" and request.body != b"{}"


def value_in(request: Request) -> Any:
    """Of the field, or a word where the body has another one."""
    return orjson.loads(request.body).get("subtitle_en", "another field")


def has_wrong_value(request: Request) -> bool:
    return request.method == "PATCH" and type(value_in(request)) is dict


def has_unknown_field(request: Request) -> bool:
    return b"field_that_the_check_made_up" in request.body


def to_strangers(answer: Answer) -> Fault:
    return lambda _core, request: answer if is_stranger(request) else None


def of_missing(answer: Answer) -> Fault:
    """To an update that would be a 404."""
    usual = lambda request: not is_stranger(request) and orjson.loads(request.body) == {}  # noqa: E731
    return lambda _core, request: answer if is_missing(request) and usual(request) else None


def of_success(kind: str) -> Fault:
    """A fault of the sandbox on each update of the item that would be a success."""
    spoil = core_faults()[kind]

    def fault(core: CheckedCore, request: Request) -> Answer | None:
        if not is_write(request) or has_wrong_value(request) or has_unknown_field(request):
            return None
        return spoil.spoil(core.as_usual(request) if spoil.is_applied else Answer())

    return fault


def of_item(change: Callable[[dict[str, Any]], Any]) -> Fault:
    """Success of an update with another document."""

    def fault(core: CheckedCore, request: Request) -> Answer | None:
        if not is_write(request) or has_wrong_value(request) or has_unknown_field(request):
            return None
        answer = core.as_usual(request)
        if answer.status != 200:
            return answer
        return replace(answer, body=orjson.dumps(change(orjson.loads(answer.body))))

    return fault


def of_headers(*headers: tuple[str, str], answer: Answer | None = None) -> Fault:
    """On answers about the missing item, which are looked at without the gateway's transport."""

    def fault(core: CheckedCore, request: Request) -> Answer | None:
        if not is_missing(request) or is_stranger(request):
            return None
        usual = answer or core.as_usual(request)
        return replace(usual, headers=(*usual.headers, *headers))

    return fault


def of_wrong_value(answer: Answer) -> Fault:
    return lambda _core, request: answer if has_wrong_value(request) else None


def of_unknown_field(core: CheckedCore, request: Request) -> Answer | None:
    """Ignored, where the id is known."""
    if not has_unknown_field(request):
        return None
    return legacy_error(404) if is_missing(request) else core.as_usual(request, {})


def looks_first(core: CheckedCore, request: Request) -> Answer | None:
    """For the id, and at the body then."""
    return legacy_error(404) if is_missing(request) and not is_stranger(request) else None


def takes_anything(core: CheckedCore, request: Request) -> Answer | None:
    if not has_wrong_value(request):
        return None
    return legacy_error(404) if is_missing(request) else core.as_usual(request, {"subtitle_en": "[object Object]"})


def closes_at_rest(core: CheckedCore, request: Request) -> Answer | None:
    if is_missing(request):
        core.close_at_rest(0.1)
    return None


def closes_each(core: CheckedCore, request: Request) -> Answer | None:
    return replace(core.as_usual(request), ending="close") if is_missing(request) and not is_stranger(request) else None


def closes_without_a_word(core: CheckedCore, request: Request) -> Answer | None:
    if is_missing(request):
        core.close_now()
    return None


def tires(core: CheckedCore, request: Request) -> Answer | None:
    """After ten calls a connection ends without a word."""
    if is_missing(request) and not is_stranger(request):
        connection = f"connection {core.traffic.connections}"
        core.uses[connection] += 1
        if core.uses[connection] > 10:
            return Answer(ending="vanish")
    return None


def ignores_keys(core: CheckedCore, request: Request) -> Answer | None:
    return _with_key(core, request, "") if is_write(request) else None


def has_keys_by_connection(core: CheckedCore, request: Request) -> Answer | None:
    key = f"{request.headers.get('idempotency-key')}/{core.traffic.connections}"
    return _with_key(core, request, key) if is_write(request) else None


def forgets_keys(core: CheckedCore, request: Request) -> Answer | None:
    """After four calls."""
    key = request.headers.get("idempotency-key", "")
    core.uses[key] += 1
    return _with_key(core, request, "") if is_write(request) and core.uses[key] > 4 else None


def learns_keys_late(core: CheckedCore, request: Request) -> Answer | None:
    """The second call with a key is applied, if it is not the same, and the third is not."""
    key = request.headers.get("idempotency-key", "")
    core.uses[key] += 1
    is_other = core.uses.setdefault(f"body of {key}", hash(request.body)) != hash(request.body)
    return _with_key(core, request, "") if is_write(request) and is_other and core.uses[key] == 2 else None


def has_keys_with_bodies(core: CheckedCore, request: Request) -> Answer | None:
    key = f"{request.headers.get('idempotency-key')}/{hash(request.body)}"
    return _with_key(core, request, key) if is_write(request) else None


def in_a_crowd(answer: Answer) -> Fault:
    """To a value that is written at once with another, and never else."""
    return lambda _core, request: answer if is_write(request) and value_in(request) == "gateway check 2" else None


def under_load(answer: Answer | None = None, seconds: float = 0.0) -> Fault:
    """After 40 updates: 16 to 20 of the other rows, and 20 of the first level."""

    def fault(core: CheckedCore, request: Request) -> Answer | None:
        if not is_write(request) or core.writes <= 40:
            return None
        return replace(answer or core.as_usual(request), delay=seconds)

    return fault


def with_value(change: Callable[[Any], Any]) -> Fault:
    """Another value of the field is kept."""

    def fault(core: CheckedCore, request: Request) -> Answer | None:
        if not is_write(request) or has_wrong_value(request) or has_unknown_field(request):
            return None
        return core.as_usual(request, {"subtitle_en": change(value_in(request))})

    return fault


def refuses_long(core: CheckedCore, request: Request) -> Answer | None:
    if is_write(request) and type(value_in(request)) is str and len(value_in(request)) > 200:
        return legacy_error(422, errors={"subtitle_en": ["Must have 0 to 200 characters."]})
    return None


def _with_key(core: CheckedCore, request: Request, key: str) -> Answer:
    return core.as_usual(request._replace(headers={**request.headers, "idempotency-key": key}))


def as_gzip(core: CheckedCore, request: Request) -> Answer | None:
    if not is_missing(request) or is_stranger(request):
        return None
    usual = core.as_usual(request)
    return replace(usual, body=gzip.compress(usual.body), headers=(*usual.headers, ("Content-Encoding", "gzip")))


def an_hour_off(core: CheckedCore, request: Request) -> Answer | None:
    answer = core.as_usual(request) if not is_stranger(request) else legacy_error(401)
    return replace(answer, headers=(*answer.headers, ("Date", formatdate(time.time() + 3600, usegmt=True))))


@dataclass(frozen=True)
class Case:
    """``fault`` turns ``row`` to ``verdict``, and the check says to write ``lines``.

    ``rest`` is that of connections, and ``GATEWAY_CORE_KEEPALIVE`` half of it.
    """

    name: str
    fault: Fault
    row: str
    verdict: str
    lines: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    rest: float = 0.02


_OF_ERROR = json_answer({"success": False, "error": {"code": 17}})
_ERROR_ALONE = json_answer({"error": {"code": 17}})
_SUCCESSES = "html list null empty-object garbage wrong-id truncate reset-after vanish-after 500-after redirect huge"
_LOAD = ("--load",)
CASES = [
    Case("anyone may", lambda core, request: core.as_usual(request), "credentials", "warn"),
    Case("a login page for strangers", to_strangers(HTML), "credentials", "fail"),
    Case("a redirect for strangers", to_strangers(LOGIN), "credentials", "fail"),
    Case("500 for strangers", to_strangers(legacy_error(500)), "credentials", "fail"),
    Case("the gateway is refused", lambda *_: legacy_error(401), "credentials", "fail", ("GATEWAY_CORE_AUTH=…",)),
    Case(
        "200 with an error",
        of_missing(_OF_ERROR),
        "unknown id",
        "fail",
        ('[answers] ok_at = "success"', '[answers] code_at = "error.code"', '[codes] 17 = "not_found"'),
    ),
    Case("200 with an error alone", of_missing(_ERROR_ALONE), "unknown id", "fail", ('[answers] error_at = "error"',)),
    Case("200 with a web page", of_missing(HTML), "unknown id", "fail"),
    Case("a redirect to a login page", of_missing(LOGIN), "unknown id", "fail"),
    Case("410", of_missing(legacy_error(410)), "unknown id", "warn", ('[meaning] 410 = "not_found"',)),
    Case("500 for an unknown id", of_missing(legacy_error(500)), "unknown id", "fail"),
    Case("503 for an unknown id", of_missing(legacy_error(503)), "unknown id", "fail"),
    Case("204 for an unknown id", of_missing(Answer(204)), "unknown id", "fail"),
    Case(
        "another method",
        of_headers(answer=Answer(405, b"", (("Allow", "GET, POST"),))),
        "framing",
        "fail",
        ('[update] method = "POST"',),
    ),
    Case(
        "a method of its own",
        of_headers(answer=Answer(405, b"", (("Allow", "GET, DELETE, MERGE"),))),
        "framing",
        "fail",
        ('[update] method = "MERGE"',),
    ),
    Case("unasked gzip", as_gzip, "framing", "fail"),
    Case("two lengths", of_headers(("Content-Length", "3")), "framing", "fail"),
    Case("a type twice", of_headers(("Content-Type", "application/json")), "framing", "warn"),
    Case("a clock an hour off", an_hour_off, "clock", "warn"),
    Case("short rests", closes_at_rest, "keep-alive", "fail", rest=10.0),
    Case("Connection: close", closes_each, "keep-alive", "warn", ("GATEWAY_CORE_KEEPALIVE=0",)),
    Case("no kept connections", closes_without_a_word, "keep-alive", "warn", ("GATEWAY_CORE_KEEPALIVE=0",)),
    Case("few calls a connection", tires, "keep-alive", "warn"),
    *(Case(f"{kind} on success", of_success(kind), "success", "fail") for kind in _SUCCESSES.split()),
    Case(
        "the item elsewhere",
        of_item(lambda answer: {"result": answer["data"]}),
        "success",
        "fail",
        ('[answers] action_at = "result"',),
    ),
    Case(
        "ids as texts",
        of_item(lambda answer: {"data": {**answer["data"], "id": f"x{ITEM}"}}),
        "success",
        "fail",
        ('[core] id = "digits"',),
    ),
    Case(
        "another state",
        of_item(lambda answer: {"data": {**answer["data"], "state": 77}}),
        "success",
        "warn",
        ("[fields] …",),
    ),
    Case("a wrong value is taken", takes_anything, "refused value", "fail"),
    Case(
        "no field named",
        of_wrong_value(legacy_error(422)),
        "refused value",
        "warn",
        ('[answers] errors_at = "…"',),
    ),
    Case(
        "another field named",
        of_wrong_value(legacy_error(422, errors={"sub_title": ["No."]})),
        "refused value",
        "warn",
        ('[fields] … = {to = "…"}',),
    ),
    Case("500 for a wrong value", of_wrong_value(legacy_error(500)), "refused value", "fail"),
    Case("a page for a wrong value", of_wrong_value(HTML), "refused value", "fail"),
    Case("409 for a wrong value", of_wrong_value(legacy_error(409)), "refused value", "fail"),
    Case("fields ignored in silence", of_unknown_field, "unknown field", "warn"),
    Case("keys ignored", ignores_keys, "idempotency", "fail", ("GATEWAY_CORE_HONOURS_IDEMPOTENCY=false",)),
    Case(
        "keys by connection",
        has_keys_by_connection,
        "idempotency",
        "fail",
        ("GATEWAY_CORE_HONOURS_IDEMPOTENCY=false",),
    ),
    Case("keys forgotten", forgets_keys, "idempotency", "fail", ("GATEWAY_CORE_HONOURS_IDEMPOTENCY=false",)),
    Case("keys learnt late", learns_keys_late, "at once", "fail", ("GATEWAY_CORE_HONOURS_IDEMPOTENCY=false",)),
    Case("500 in a crowd", in_a_crowd(legacy_error(500)), "at once", "fail"),
    Case("409 in a crowd", in_a_crowd(legacy_error(409)), "at once", "warn"),
    Case(
        "emoji lost",
        with_value(lambda text: text and "".join(each if ord(each) < 0x10000 else "?" for each in text)),
        "values",
        "fail",
    ),
    Case("texts cut", with_value(lambda text: text and text[:100]), "values", "fail"),
    Case("null is an empty text", with_value(lambda text: "" if text is None else text), "values", "fail"),
    Case("long texts refused", refuses_long, "values", "warn"),
    Case("busy", under_load(legacy_error(429)), "load", "warn", ("GATEWAY_CORE_CONCURRENCY=1",), _LOAD),
    Case("slow", under_load(seconds=1.2), "load", "warn", ("GATEWAY_CORE_CONCURRENCY=1",), _LOAD),
    Case("keys kept for a minute", lambda *_: None, "declared", "warn", (), ("--keys-kept", "60")),
]
