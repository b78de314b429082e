from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
import requests
import responses
from requests import Response

from legacy_client.call_context import CallContext
from legacy_client.calls import Update
from legacy_client.credentials import ForwardedCredentials
from legacy_client.deadline import Deadline
from legacy_client.errors import BadAnswer, BrokenOff, NotFound, Stopped, TimedOut, Unreachable
from legacy_client.operations import UPDATE_ACTION
from legacy_client.transport.base import Tls
from legacy_client.transport.flow import Flow
from legacy_client.transport.sessions.transport import SessionsTransport
from tests.doubles.core_parts import some_budget, some_client, some_limits, some_policy
from tests.doubles.fake_core import FakeCore, action, wait_for
from tests.doubles.gates import NotingGate
from tests.doubles.stages import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from legacy_client.errors import CoreError

URL = "http://core.test/api"


def flow(**more: object) -> Flow:
    return Flow(**{"deadline": Deadline(30.0), "concurrency": 4, **more})


@pytest.fixture
def gate() -> NotingGate:
    return NotingGate()


@pytest.fixture
def transport(gate: NotingGate) -> Iterator[SessionsTransport]:
    with contextlib.closing(SessionsTransport(URL, gate, limits=some_limits(), tls=Tls())) as opened:
        yield opened


@pytest.fixture
def core() -> Iterator[responses.RequestsMock]:
    """Stands in below requests' adapter, as a team's own tests would have it."""
    with responses.RequestsMock() as mock:
        yield mock


def call(transport: SessionsTransport) -> Response | CoreError:
    [(_, result)] = transport.send_many(prepare(URL, [1]), flow())
    return result


@pytest.mark.parametrize(
    ("exc", "kind"),
    [
        (requests.ConnectTimeout(), Unreachable),
        (requests.ReadTimeout(), TimedOut),
        (requests.ConnectionError("reset"), BrokenOff),
        (requests.exceptions.ContentDecodingError(), BrokenOff),
        (RuntimeError("a bug"), BrokenOff),
    ],
    ids=repr,
)
def test_what_an_adapter_raises_is_told_in_the_clients_words(
    core: responses.RequestsMock, transport: SessionsTransport, exc: Exception, kind: type[CoreError]
) -> None:
    core.patch(f"{URL}/actions/1", body=exc)

    assert type(call(transport)) is kind


def test_a_client_over_sessions_speaks_the_contract(core: responses.RequestsMock, transport: SessionsTransport) -> None:
    core.patch(f"{URL}/actions/7", json={"data": {"id": 7, "state": 2}})
    core.patch(f"{URL}/actions/8", status=404)
    core.patch(f"{URL}/actions/9", body="<html>", content_type="text/html")
    client = some_client(URL, transport, credentials=ForwardedCredentials(), retries=some_policy(some_budget()))
    context = CallContext(
        concurrency=32, deadline=Deadline(30.0), idempotency_prefix="batch", authorization="Bearer abc"
    )

    results = dict(client.send(UPDATE_ACTION, [Update.of(str(i), {"state": 2}) for i in (7, 8, 9)], context))

    assert results[0] == {"id": 7, "state": 2}
    assert [type(results[1]), type(results[2])] == [NotFound, BadAnswer]
    assert {each.request.headers["Authorization"] for each in core.calls} == {"Bearer abc"}


def test_a_name_that_does_not_resolve_is_certainly_not_sent(
    transport: SessionsTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_args: object, **_more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    assert type(call(transport)) is Unreachable
    assert type(transport.ping()) is Unreachable


def test_a_resolver_that_hangs_does_not_hold_up_the_result(gate: NotingGate, monkeypatch: pytest.MonkeyPatch) -> None:
    resolved = threading.Event()

    def hangs(*_args: object, **_more: object) -> None:
        assert resolved.wait(60.0)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    transport = SessionsTransport(URL, gate, limits=some_limits(connect_seconds=0.1), tls=Tls())

    result = call(transport)
    resolved.set()
    transport.close()

    assert type(result) is Unreachable
    assert gate.in_flight == 0


def test_a_late_connection_of_an_attempt_that_is_over_sends_nothing(
    gate: NotingGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved, resolve = threading.Event(), socket.getaddrinfo

    def slow(*args: object, **more: object) -> object:
        assert resolved.wait(60.0)
        return resolve(*args, **more)

    with FakeCore() as core:
        monkeypatch.setattr(socket, "getaddrinfo", slow)
        transport = SessionsTransport(core.url, gate, limits=some_limits(connect_seconds=0.1), tls=Tls())
        [(_, result)] = transport.send_many(prepare(core.url, [1]), flow())
        resolved.set()
        transport.close()

        assert type(result) is Unreachable
        assert core.requests == []


def test_a_cancel_from_another_thread_stops_the_rest_at_once(gate: NotingGate) -> None:
    deadline = Deadline(30.0)
    with FakeCore() as core:
        core.default = (wait_for(lambda: deadline.stopped() is not None and len(stopped) == 8), action())
        stopped: list[int] = []
        transport = SessionsTransport(core.url, gate, limits=some_limits(), tls=Tls())
        canceller = threading.Thread(
            target=lambda: (core.wait_for_requests(2), deadline.cancel("client_gone")), daemon=True
        )
        canceller.start()
        for index, result in transport.send_many(prepare(core.url, range(10)), flow(deadline=deadline, concurrency=2)):
            if isinstance(result, Stopped):
                stopped.append(index)
        canceller.join(30.0)
        transport.close()

    assert stopped == list(range(2, 10))


def test_closing_lets_what_is_in_flight_end_and_stops_the_rest(gate: NotingGate) -> None:
    with FakeCore() as core:
        transport = SessionsTransport(core.url, gate, limits=some_limits(), tls=Tls())
        core.default = (wait_for(lambda: transport._closed), action())
        closer = threading.Thread(target=lambda: (core.wait_for_requests(2), transport.close()), daemon=True)
        closer.start()
        results = dict(transport.send_many(prepare(core.url, range(10)), flow(concurrency=2)))
        closer.join(30.0)

    assert [type(results[i]) for i in range(10)] == [Response] * 2 + [Stopped] * 8
    assert [results[i].reason for i in range(2, 10)] == ["shutting_down"] * 8


def test_its_threads_start_with_the_first_request_and_end_with_it(gate: NotingGate) -> None:
    before = set(threading.enumerate())
    with FakeCore() as core:
        idle = set(threading.enumerate())
        transport = SessionsTransport(core.url, gate, limits=some_limits(), tls=Tls())
        unused = set(threading.enumerate())
        list(transport.send_many(prepare(core.url, range(20)), flow()))
        transport.close()

    assert unused <= idle
    # The watchdog's thread ends by itself.
    ends_by = time.monotonic() + 10.0
    while set(threading.enumerate()) - before and time.monotonic() < ends_by:
        time.sleep(0.001)
    assert set(threading.enumerate()) <= before
