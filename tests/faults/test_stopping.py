"""A worker stops, is killed, or is replaced (``faults.md`` 5.4): what was accepted is told, and nothing is applied unseen."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from sandbox.background import ROOT
from tests.doubles.fake_core import OK, FakeCore, action, hang, wait
from tests.faults.house import Gateway, eventually, new_ids, outcomes, succeeded
from tests.faults.load import Load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.house import Home

    MakeGateway = Callable[..., Gateway]

pytestmark = pytest.mark.e2e
SLACK = 3.0
# Short enough that a stop comes before the end of a batch: 5.2 s less the delay, one attempt and two seconds for answers.
CUT = {"BATCH_DEADLINE": "5", "REQUEST_DEADLINE": "5.1", "GRACEFUL_TIMEOUT": "5.2", "BATCH_CONCURRENCY": "2"}
# A stop of as long as one attempt and two seconds for answers: no batch may begin any more.
NO_TIME = {
    "BATCH_DEADLINE": "1",
    "ITEM_DEADLINE": "1",
    "REQUEST_DEADLINE": "2",
    "GRACEFUL_TIMEOUT": "3",
    "DRAIN_DELAY": "1",
}


def ids(count: int) -> list[int]:
    return [next(new_ids) for _ in range(count)]


def tell(gateway: Gateway, number: signal.Signals) -> None:
    """Send a signal to gunicorn itself."""
    os.kill(gateway.master().pid, number)


def wait_for_the_end(gateway: Gateway, seconds: float = 15.0) -> None:
    eventually(lambda: not gateway.gateway.is_running(), seconds)


@pytest.fixture
def slow_core() -> Iterator[FakeCore]:
    with FakeCore(default=(wait(0.3), action())) as core:
        yield core


def test_what_reaches_a_stopping_worker_before_its_socket_closes_is_served_and_told_to_close(
    make_gateway: MakeGateway, slow_core: FakeCore
) -> None:
    gateway = make_gateway(slow_core.url, DRAIN_DELAY="1", BATCH_CONCURRENCY="2", GRACEFUL_TIMEOUT="20")
    clients = [gateway.dial().send(gateway.batch(*ids(6))) for _ in range(3)]
    eventually(lambda: len(slow_core.requests) >= 6)

    tell(gateway, signal.SIGTERM)
    eventually(lambda: gateway.get("/readyz").status == 503)
    late = gateway.patch(*ids(1))
    answers = [client.read() for client in clients]
    wait_for_the_end(gateway)

    assert (late.status, late.headers["connection"]) == (200, "close")
    assert [(answer.status, answer.headers["connection"]) for answer in answers] == [(200, "close")] * 3
    assert len(slow_core.requests) == 19
    for client in clients:
        client.sock.close()


def test_what_cannot_end_in_time_is_refused(make_gateway: MakeGateway, core: FakeCore) -> None:
    # All of the grace is kept for calls in flight: CORE_TIMEOUT and two seconds.
    gateway = make_gateway(core.url, **NO_TIME)
    tell(gateway, signal.SIGTERM)
    eventually(lambda: "worker_stopping" in gateway.log())
    refused = gateway.patch(*ids(1))
    wait_for_the_end(gateway)

    assert (refused.status, refused.headers["retry-after"], refused.headers["connection"]) == (503, "1", "close")
    assert core.requests == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT, signal.SIGINT])
def test_a_batch_that_cannot_finish_says_which_items_were_never_sent(
    make_gateway: MakeGateway, slow_core: FakeCore, number: signal.Signals
) -> None:
    gateway, batch = make_gateway(slow_core.url, **CUT), ids(60)
    with gateway.dial() as client:
        client.send(gateway.batch(*batch))
        eventually(lambda: len(slow_core.requests) >= 4)
        told_at = time.monotonic()
        tell(gateway, number)
        answer = client.read()
        answered = time.monotonic() - told_at
        wait_for_the_end(gateway)

    assert answer.status == 207
    sent = {request.path.rpartition("/")[2] for request in slow_core.requests}
    assert set(succeeded(answer)) == sent
    assert outcomes(answer) == {str(i): ("shutting_down", "not_sent") for i in batch if str(i) not in sent}
    assert answered < (2.0 if number is signal.SIGTERM else 0.3) + SLACK
    assert time.monotonic() - told_at < 5.2 + SLACK


def test_resting_connections_are_let_go_and_a_request_that_has_begun_is_answered(
    make_gateway: MakeGateway, core: FakeCore
) -> None:
    gateway = make_gateway(core.url)
    whole = gateway.batch(*ids(1))
    with gateway.dial() as resting, gateway.dial() as begun, gateway.dial() as used:
        used.send(whole).read()
        begun.send(whole[:50])
        eventually(lambda: gateway.get("/livez").status == 200)

        tell(gateway, signal.SIGTERM)
        eventually(lambda: "worker_stopping" in gateway.log())
        answer = begun.send(whole[50:]).read()

        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert resting.is_closed()
        assert used.is_closed()
        wait_for_the_end(gateway)


def test_a_connection_that_was_left_open_is_told_of_the_stop_by_an_answer(
    make_gateway: MakeGateway, core: FakeCore
) -> None:
    gateway = make_gateway(core.url, DRAIN_DELAY="1")
    with gateway.dial() as client:
        first = client.send(gateway.batch(*ids(1))).read()
        tell(gateway, signal.SIGTERM)
        eventually(lambda: "worker_stopping" in gateway.log())
        second = client.send(gateway.batch(*ids(1))).read()

        assert (first.status, first.headers.get("connection")) == (200, "keep-alive")
        assert (second.status, second.headers["connection"]) == (200, "close")
        wait_for_the_end(gateway)


def test_no_accepted_request_is_lost_over_repeated_restarts(make_gateway: MakeGateway) -> None:
    with FakeCore(default=(wait(0.01), action())) as core:
        gateway = make_gateway(core.url)
        with Load(gateway, clients=6) as load:
            for _ in range(3):
                seen = load.answers[200]
                eventually(lambda seen=seen: load.answers[200] > seen + 20)
                assert gateway.gateway.stop() == 0
                gateway.gateway.start()

        assert load.lost == []
        assert set(load.answers) <= {200, 503}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workers", "number"), [(workers, number) for workers in "12" for number in (signal.SIGTERM, signal.SIGHUP)]
)
def test_who_has_connected_and_found_no_place_is_answered_before_the_worker_ends(
    make_gateway: MakeGateway, workers: str, number: signal.Signals
) -> None:
    with FakeCore(default=(wait(0.8), action())) as core, contextlib.ExitStack() as crowd:
        gateway = make_gateway(core.url, {"GUNICORN_CMD_ARGS": "--worker-connections=2"}, WORKERS=workers)
        clients = [crowd.enter_context(gateway.dial()).send(gateway.batch(*ids(1))) for _ in range(10)]
        eventually(lambda: len(core.requests) >= 2)
        tell(gateway, number)
        statuses = [client.read().status for client in clients]

    assert set(statuses) <= {200, 503}
    assert statuses.count(200) >= 2


def test_recycling_workers_fails_no_request(make_gateway: MakeGateway) -> None:
    with FakeCore(default=(wait(0.01), action())) as core:
        gateway = make_gateway(core.url, {"GUNICORN_CMD_ARGS": "--max-requests=40"})
        with Load(gateway, clients=6) as load:
            eventually(lambda: gateway.log().count("Booting worker") >= 3, 30.0)

        assert (load.lost, load.refused) == ([], 0)
        assert set(load.answers) == {200}


def test_recycled_side_by_side_they_lose_nothing_that_was_accepted(make_gateway: MakeGateway) -> None:
    recycled = {"GUNICORN_CMD_ARGS": "--max-requests=40 --max-requests-jitter=40"}
    with FakeCore(default=(wait(0.01), action())) as core:
        gateway = make_gateway(core.url, recycled, WORKERS="2")
        with Load(gateway, clients=6) as load:
            eventually(lambda: gateway.log().count("Booting worker") >= 6, 30.0)

        assert load.lost == []
        assert set(load.answers) == {200}


def test_while_a_worker_is_killed_the_others_serve_and_it_is_replaced(make_gateway: MakeGateway) -> None:
    with FakeCore(default=(wait(0.01), action())) as core:
        gateway = make_gateway(core.url, WORKERS="2")
        with Load(gateway, clients=6) as load:
            for _ in range(3):
                victim = gateway.workers()[0]
                killed_at = time.monotonic()
                victim.kill()
                eventually(lambda killed_at=killed_at: load.last_success > killed_at, 60.0)
                eventually(lambda: len(gateway.workers()) == 2, 60.0)

        assert set(load.answers) == {200}


def test_the_only_worker_is_replaced_as_soon_as_it_is_killed(make_gateway: MakeGateway, core: FakeCore) -> None:
    gateway = make_gateway(core.url)

    gateway.workers()[0].kill()

    # It is served, late: connections wait in the queue of the socket while the next worker starts.
    assert gateway.patch(*ids(1)).status == 200


def test_a_batch_whose_worker_was_killed_is_never_sent_twice_behind_the_callers_back(
    make_gateway: MakeGateway, core: FakeCore
) -> None:
    gateway, batch = make_gateway(core.url, BATCH_CONCURRENCY="4"), ids(8)
    core.default = (hang(),)
    request = gateway.batch(*batch, Idempotency_Key="killed")
    with gateway.dial() as client, contextlib.suppress(EOFError, OSError):
        client.send(request)
        eventually(lambda: len(core.requests) == 4)
        gateway.workers()[0].kill()
        client.read()
    core.default = OK

    again = gateway.exchange(request)

    assert (again.status, len(core.requests)) == (409, 4)
    assert 0 < int(again.headers["retry-after"]) <= 15


@pytest.mark.slow
def test_once_its_lease_is_over_such_a_batch_is_completed_and_says_what_is_unknown(
    make_gateway: MakeGateway, core: FakeCore
) -> None:
    gateway, batch = make_gateway(core.url, BATCH_CONCURRENCY="2", BATCH_DEADLINE="1", ITEM_DEADLINE="1"), ids(300)
    core.default = (hang(),)
    request = gateway.batch(*batch, Idempotency_Key="leased")
    with gateway.dial() as client, contextlib.suppress(EOFError, OSError):
        client.send(request)
        eventually(lambda: len(core.requests) == 2)
        gateway.workers()[0].kill()
        client.read()
    sent = {request.path.rpartition("/")[2] for request in core.requests}
    core.default = OK

    again = eventually(lambda: (answer := gateway.exchange(request)).status != 409 and answer, 30.0)

    assert again.status == 207
    assert "idempotency-resumed" in again.headers
    # Marks run ahead of what is sent, so that nothing sent is ever unmarked.
    unknown = outcomes(again)
    assert sent <= unknown.keys()
    assert set(unknown.values()) == {("interrupted", "unknown")}
    assert set(succeeded(again)) == {str(i) for i in batch} - unknown.keys()


@pytest.fixture
def beginning(
    home: Home, core: FakeCore, request: pytest.FixtureRequest
) -> Iterator[tuple[Gateway, subprocess.Popen[bytes]]]:
    """A server that was started, and that nobody waited for; of another application, if the test has one."""
    app = getattr(request, "param", "wsgi:app")
    gateway = Gateway(home, core.url, {"WORKERS": "4", "GRACEFUL_TIMEOUT": "60", "LOG_LEVEL": "info"})
    command = [sys.executable, "-m", "gunicorn", "-c", "python:gateway.server", app]
    environment = gateway.environment() | {"GATEWAY_BIND": "127.0.0.1:0"}
    with gateway.gateway.log.open("wb") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
    yield gateway, server
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait(10.0)
    shutil.rmtree(gateway.folder, ignore_errors=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("begun", [1, 4])
def test_a_start_that_is_interrupted_ends(
    beginning: tuple[Gateway, subprocess.Popen[bytes]], begun: int, number: signal.Signals
) -> None:
    gateway, server = beginning
    eventually(lambda: gateway.log().count("Booting worker") >= begun)
    server.send_signal(number)

    # A worker that did not hear it would be waited for, a minute long.
    assert server.wait(30.0) == 0


@pytest.mark.parametrize("beginning", ["tests.faults.never_made:app"], indirect=True)
@pytest.mark.parametrize("has_clients", [False, True])
def test_a_start_that_is_told_to_end_does_not_wait_for_its_workers_to_be_made(
    beginning: tuple[Gateway, subprocess.Popen[bytes]], has_clients: bool
) -> None:
    gateway, server = beginning
    eventually(lambda: gateway.log().count("Booting worker") >= 4)
    with contextlib.ExitStack() as connected:
        for port in _ports_of_workers(server) if has_clients else ():
            connected.enter_context(socket.create_connection(("127.0.0.1", port), 10.0))
        server.send_signal(signal.SIGTERM)

        assert server.wait(30.0) == 0


def _ports_of_workers(server: subprocess.Popen[bytes]) -> list[int]:
    workers = psutil.Process(server.pid).children()
    ports = [line.laddr.port for worker in workers for line in worker.net_connections("tcp")]
    assert len(ports) >= len(workers)
    return ports
