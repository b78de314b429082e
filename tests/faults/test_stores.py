"""The stores of keys and rates fail, move, or lose their worker (``faults.md`` 5.4): what was said stays true."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import redis

from tests.doubles.fake_core import OK, FakeCore, action, wait, wait_for
from tests.doubles.redis_server import BINARY, MISSING, RedisServer
from tests.faults.house import Gateway, eventually, new_ids, outcomes, succeeded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    MakeGateway = Callable[..., Gateway]

pytestmark = pytest.mark.e2e
INJECTIONS = str(Path(__file__).with_name("injections"))
needs_redis = pytest.mark.skipif(BINARY is None, reason=MISSING)
KEPT = ("--appendonly", "yes", "--appendfsync", "always")
LEASE_SECONDS = 10.0


def ids(count: int) -> list[int]:
    return [next(new_ids) for _ in range(count)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis whose keys outlive its end."""
    made = RedisServer(tmp_path / "redis", *KEPT)
    made.start()
    yield made
    made.stop()


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=needs_redis)])
def store(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings for one kind of store."""
    return {} if request.param == "sqlite" else {"REDIS_URL": request.getfixturevalue("server").url}


def once_free(gateway: Gateway, request: bytes) -> Any:
    """The answer to the request once its key is free."""
    return eventually(lambda: (answer := gateway.exchange(request)).status not in (409, 503) and answer, 30.0)


def asked_for(core: FakeCore) -> list[str]:
    return [request.path.rpartition("/")[2] for request in core.requests]


@pytest.mark.slow
def test_a_worker_killed_amid_a_batch_leaves_a_window_in_doubt_and_the_rest_is_sent(
    make_gateway: MakeGateway, core: FakeCore, store: dict[str, str]
) -> None:
    gateway, batch = make_gateway(core.url, BATCH_CONCURRENCY="4", **store), ids(300)
    core.default = (wait(0.02), action())
    request = gateway.batch(*batch, Idempotency_Key="killed")
    with gateway.dial() as client, contextlib.suppress(EOFError, OSError):
        client.send(request)
        eventually(lambda: len(core.requests) >= 60)
        gateway.workers()[0].kill()
        killed_at = time.monotonic()
        client.read()
    core.default = OK

    again = once_free(gateway, request)

    assert time.monotonic() - killed_at < LEASE_SECONDS + 5
    assert again.status == 207
    assert int(again.headers["idempotency-resumed"]) >= 300 - len(core.requests)
    unknown = outcomes(again)
    assert set(unknown.values()) == {("interrupted", "unknown")}
    assert len(unknown) <= 2 * 4
    assert len(asked_for(core)) == len(set(asked_for(core)))
    assert {str(i) for i in batch} == set(succeeded(again)) | unknown.keys()
    last = gateway.exchange(request)
    assert outcomes(last) == unknown
    assert (last.headers.get("idempotency-replayed"), last.headers["idempotency-resumed"]) == (None, "0")


@pytest.mark.slow
def test_a_batch_that_waits_for_the_core_longer_than_its_lease_keeps_its_key_whatever_the_clock_says(
    make_gateway: MakeGateway, core: FakeCore, store: dict[str, str], tmp_path: Path
) -> None:
    offset = tmp_path / "offset"
    offset.write_text("0")
    budgets = dict.fromkeys(("CORE_TIMEOUT", "ITEM_DEADLINE", "BATCH_DEADLINE"), "20")
    surroundings = {"PYTHONPATH": INJECTIONS, "FAULT_CLOCK": str(offset)}
    gateway = make_gateway(core.url, surroundings, **budgets, **store)
    core.default = (wait(LEASE_SECONDS + 4), action())
    request = gateway.batch(*ids(1), Idempotency_Key="slow")
    with gateway.dial() as client:
        client.send(request)
        eventually(lambda: core.requests)
        began = time.monotonic()
        offset.write_text("-3600")
        eventually(lambda: time.monotonic() - began > LEASE_SECONDS / 2)
        offset.write_text("0")
        eventually(lambda: time.monotonic() - began > LEASE_SECONDS + 0.5, LEASE_SECONDS + 1)
        # A disk that is slow for a moment is a 503.
        assert eventually(lambda: (twin := gateway.exchange(request).status) != 503 and twin) == 409
        assert client.read().status == 200

    assert gateway.exchange(request).headers["idempotency-replayed"] == "true"
    assert len(core.requests) == 1


@contextlib.contextmanager
def locked(gateway: Gateway) -> Iterator[None]:
    """Somebody else writes to the records."""
    path = Path(gateway.environment()["GATEWAY_STATE_DIR"]) / "idempotency.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_what_was_said_while_the_records_were_locked_is_said_again_once_they_are_not(
    make_gateway: MakeGateway, core: FakeCore
) -> None:
    gateway, batch = make_gateway(core.url, BATCH_CONCURRENCY="4", BATCH_DEADLINE="10"), ids(60)
    core.default = (wait(0.1), action())
    request = gateway.batch(*batch, Idempotency_Key="locked")
    with gateway.dial() as client:
        client.send(request)
        eventually(lambda: len(core.requests) >= 12)
        with locked(gateway):
            first = client.read()
    assert first.headers["idempotency-kept"] == "false"
    assert set(outcomes(first).values()) == {("journal_unavailable", "not_sent")}
    told = set(succeeded(first))
    assert told

    again = once_free(gateway, request)

    assert (again.status, outcomes(again)) == (200, {})
    assert int(again.headers["idempotency-resumed"]) == 60 - len(told)
    assert sorted(asked_for(core)) == sorted(map(str, batch))


@needs_redis
def test_an_answer_given_while_redis_was_gone_is_given_again_when_it_is_back(
    make_gateway: MakeGateway, core: FakeCore, server: RedisServer
) -> None:
    gateway, is_gone = make_gateway(core.url, REDIS_URL=server.url), threading.Event()
    core.default = (wait_for(is_gone.is_set), action())
    request = gateway.batch(*ids(1), Idempotency_Key="gone")
    with gateway.dial() as client:
        client.send(request)
        eventually(lambda: core.requests)
        server.stop()
        is_gone.set()
        first = client.read()
    assert (first.status, first.headers["idempotency-kept"]) == (200, "false")

    server.start()
    again = once_free(gateway, request)

    assert (again.status, again.headers.get("idempotency-replayed")) == (200, "true")
    assert again.json() == first.json()
    assert len(core.requests) == 1
    events = ("idempotency_finish_waits", "idempotency_finish_kept")
    assert [gateway.told(event) for event in events] == [1, 1]


@needs_redis
def test_a_stopping_worker_waits_for_redis_with_what_it_has_told(
    make_gateway: MakeGateway, core: FakeCore, server: RedisServer
) -> None:
    gateway, is_gone = make_gateway(core.url, REDIS_URL=server.url), threading.Event()
    core.default = (wait_for(is_gone.is_set), action())
    request = gateway.batch(*ids(1), Idempotency_Key="drained")
    with gateway.dial() as client:
        client.send(request)
        eventually(lambda: core.requests)
        server.stop()
        is_gone.set()
        first = client.read()
    os.kill(gateway.master().pid, signal.SIGTERM)
    eventually(lambda: '"event":"worker_stopping"' in gateway.log())

    server.start()
    eventually(lambda: not gateway.gateway.is_running(), 15.0)

    assert '"event":"records_cut"' not in gateway.log()
    again = once_free(make_gateway(core.url, REDIS_URL=server.url), request)
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    assert len(core.requests) == 1


@needs_redis
def test_a_redis_that_moved_is_followed_though_the_old_one_keeps_its_connections(
    make_gateway: MakeGateway, core: FakeCore, server: RedisServer, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    names = tmp_path / "names"
    names.write_text(server.host)
    successor = RedisServer(tmp_path / "successor", host="127.0.0.2", port=server.port)
    request.addfinalizer(successor.stop)
    successor.start()
    gateway = make_gateway(
        core.url,
        {"PYTHONPATH": INJECTIONS, "FAULT_DNS": str(names)},
        REDIS_URL=f"redis://redis.test:{server.port}/0",
        RATE_LIMIT="30/hour",
    )
    assert gateway.patch(*ids(1), Idempotency_Key="before").status == 200

    names.write_text(successor.host)
    with redis.Redis(host=server.host, port=server.port) as old:
        old.replicaof(successor.host, str(successor.port))

    keyed = [gateway.patch(*ids(1), Idempotency_Key=f"after-{number}").status for number in range(35)]
    assert keyed == [200] * 30 + [429] * 5
    assert "rate_store_down" not in gateway.log()
    assert "idempotency_store_down" not in gateway.log()


def test_a_state_folder_of_another_user_is_told_by_readiness_and_by_one_line(
    make_gateway: MakeGateway, core: FakeCore, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("to give a file away takes root")
    state = tmp_path / "state"
    gateway = make_gateway(core.url, STATE_DIR=str(state))
    assert gateway.patch(*ids(1), Idempotency_Key="before").status == 200
    foreign = state / "foreign.sqlite"
    foreign.touch()
    for path in (foreign, state):
        os.chown(path, 12_345, 12_345)
    foreign.replace(state / "idempotency.sqlite")

    assert [gateway.patch(*ids(1), Idempotency_Key=str(number)).status for number in range(3)] == [503] * 3

    ready = eventually(lambda: gateway.get("/readyz").json()["checks"]["idempotency"].get("reason"))
    assert ready.startswith(f"EPERM (not a file of this user); folder {state} of user 12345, mode 0700, file ")
    # The look after the core may have to be repeated on a busy machine.
    assert eventually(lambda: gateway.get("/readyz").status == 200)
    assert gateway.told("idempotency_store_down") == 1
    assert f"folder {state} of user 12345" in gateway.log()


def test_a_state_folder_that_was_removed_is_made_anew_and_the_numbers_are_still_shown(
    make_gateway: MakeGateway, core: FakeCore, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    gateway = make_gateway(core.url, STATE_DIR=str(state))
    assert gateway.patch(*ids(3), Idempotency_Key="before").status == 200
    shutil.rmtree(state)

    assert gateway.patch(*ids(2), Idempotency_Key="after").status == 200

    numbers = gateway.get("/metrics").body.decode()
    assert 'gateway_items_total{code="ok",outcome="applied"} 5.0' in numbers
    assert gateway.told("metrics_folder_gone") == 1
    assert (state / "idempotency.sqlite").exists()
