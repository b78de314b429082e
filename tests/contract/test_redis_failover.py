"""Both stores in Redis follow its master, on connections that the old one leaves open."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import redis
from redis.sentinel import MasterNotFoundError, Sentinel

from gateway.admission.idempotency.errors import StoreUnavailable
from gateway.admission.idempotency.redis_store import RedisIdempotencyStore
from gateway.admission.rates.limits import RateLimits
from gateway.admission.rates.redis_rates import SharedRedisStorage
from gateway.admission.redis_client import connect
from tests.doubles.redis_server import BINARY, MISSING, Grumpy, RedisServer, SentinelServer
from tests.doubles.rules import claim_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(BINARY is None, reason=MISSING)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """``start(kind, ...)``: a server of this test's own, up until it ends."""
    running: list[RedisServer] = []

    def started(kind: type[RedisServer] = RedisServer, *arguments: Any, **named: Any) -> RedisServer:
        running.append(kind(tmp_path / str(len(running)), *arguments, **named))
        running[-1].start()
        return running[-1]

    yield started
    for server in running:
        server.stop()


class Name:
    """``redis.test``, which stands for one address after another."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._look_up = socket.getaddrinfo

    def look_up(self, host: Any, *arguments: Any, **named: Any) -> Any:
        return self._look_up(self.address if host == "redis.test" else host, *arguments, **named)


@pytest.fixture
def name(monkeypatch: pytest.MonkeyPatch) -> Name:
    made = Name("127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", made.look_up)
    return made


@pytest.fixture
def moved(start: Callable[..., RedisServer], name: Name) -> tuple[str, Callable[[], None]]:
    """The URL of a master, and what moves it: the name goes to the new one, and the old one becomes its replica."""
    old = start()
    new = start(RedisServer, host="127.0.0.2", port=old.port)

    def move() -> None:
        name.address = new.host
        with redis.from_url(old.url) as client:
            client.replicaof(new.host, str(new.port))

    return f"redis://redis.test:{old.port}/0", move


def test_claims_go_to_the_new_master_without_a_refusal(moved: tuple[str, Callable[[], None]]) -> None:
    url, move = moved
    store = RedisIdempotencyStore(url, claim_policy(), timeout_seconds=1)
    assert store.claim("p", "before", "f", 1).kind == "fresh"

    move()

    assert store.claim("p", "after", "f", 1).kind == "fresh"
    store.close()


def test_rates_are_counted_by_the_new_master_for_all_workers(
    moved: tuple[str, Callable[[], None]], caplog: pytest.LogCaptureFixture
) -> None:
    url, move = moved
    workers = [RateLimits("30/minute", SharedRedisStorage(url, 1.0), name="items") for _ in range(2)]
    for worker in workers:
        assert worker.hit("p", 1).allowed

    move()

    admitted = [worker.hit("p", 1).allowed for _ in range(35) for worker in workers]
    assert admitted.count(True) == 30
    assert caplog.records == []


def answers(server: RedisServer, *command: str) -> Any:
    with redis.Redis(host=server.host, port=server.port) as client:
        return client.execute_command(*command)


def test_a_redis_that_asks_for_a_password_from_now_on_is_given_the_one_of_the_url(
    start: Callable[..., RedisServer],
) -> None:
    server = start()
    answers(server, "ACL", "SETUSER", "gateway", "on", ">s3cret", "~*", "&*", "+@all")
    store = RedisIdempotencyStore(
        f"redis://gateway:s3cret@127.0.0.1:{server.port}/0", claim_policy(), timeout_seconds=1
    )
    store.claim("p", "before", "f", 1)
    # Whoever was let in under this name is thrown out with it; the same name is let in again.
    answers(server, "ACL", "DELUSER", "gateway")
    answers(server, "ACL", "SETUSER", "gateway", "on", ">s3cret", "~*", "&*", "+@all")

    assert store.claim("p", "after", "f", 1).kind == "fresh"
    store.close()


@pytest.mark.parametrize(
    "said",
    [
        "READONLY You can't write against a read only replica.",
        "ERR Error running script (call to f_1): @user_script:5: -READONLY You can't write against a read only replica. ",
        "LOADING Redis is loading the dataset in memory",
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        "NOAUTH Authentication required.",
        "MOVED 1234 127.0.0.1:7001",
        "CLUSTERDOWN The cluster is down",
    ],
)
def test_what_only_a_new_connection_cures_gets_one(said: str) -> None:
    server = Grumpy(said)
    store = RedisIdempotencyStore(server.url, claim_policy(), timeout_seconds=1)

    with pytest.raises(StoreUnavailable):
        store.claim("p", "k", "f", 1)

    assert len(server.asked) == 2
    assert server.asked[0] != server.asked[1]
    store.close()
    server.close()


def test_what_a_new_connection_does_not_cure_is_asked_for_once() -> None:
    server = Grumpy("OOM command not allowed when used memory > 'maxmemory'.")
    store = RedisIdempotencyStore(server.url, claim_policy(), timeout_seconds=1)

    with pytest.raises(StoreUnavailable, match="OutOfMemory"):
        store.claim("p", "k", "f", 1)

    assert len(server.asked) == 1
    store.close()
    server.close()


def test_by_its_sentinels_the_new_master_is_found(start: Callable[..., RedisServer]) -> None:
    master = start()
    replica = start(RedisServer, "--replicaof", f"{master.host} {master.port}")
    eventually(lambda: answers(replica, "INFO", "replication")["master_link_status"] == "up")
    sentinel = start(SentinelServer, master)
    answers(sentinel, "SENTINEL", "DEBUG", "info-period", "100")
    eventually(lambda: int(sentinels_view(sentinel)["num-slaves"]) == 1)
    store = RedisIdempotencyStore(sentinel.url, claim_policy(lease_seconds=60.0), timeout_seconds=1)
    limits = RateLimits("10/minute", SharedRedisStorage(sentinel.url, 1.0), name="items")
    assert store.claim("p", "before", "f", 1).kind == "fresh"
    assert limits.hit("p", 1).allowed
    assert answers(master, "DBSIZE") >= 3
    # A master that goes before its replica has it takes it along.
    eventually(lambda: answers(replica, "DBSIZE") == answers(master, "DBSIZE"))

    eventually(lambda: has_begun_a_failover(sentinel))
    eventually(lambda: int(sentinels_view(sentinel)["port"]) == replica.port)
    eventually(lambda: answers(master, "INFO", "replication")["role"] == "slave")

    assert store.claim("p", "after", "f", 1).kind == "fresh"
    assert limits.hit("p", 1).allowed
    assert answers(replica, "EXISTS", *[key.decode() for key in answers(replica, "KEYS", "*lease")]) == 2
    store.close()


@pytest.fixture
def renamed(start: Callable[..., RedisServer]) -> tuple[str, list[RedisServer], Callable[[], None]]:
    """The Sentinel's URL; the master of before and that of after; and what makes the Sentinel name the second."""
    servers = [start(), start()]
    for server, name in zip(servers, ["before", "after"], strict=True):
        answers(server, "SET", "name", name)
    sentinel = start(SentinelServer, servers[0])

    def rename() -> None:
        answers(sentinel, "SENTINEL", "REMOVE", "updates")
        answers(sentinel, "SENTINEL", "MONITOR", "updates", servers[1].host, str(servers[1].port), "1")

    return sentinel.url, servers, rename


def test_once_the_sentinels_have_named_another_nobody_writes_to_the_master_of_before(
    renamed: tuple[str, list[RedisServer], Callable[[], None]],
) -> None:
    url, (before, after), rename = renamed
    client = connect(f"{url}?client_name=gateway", 5.0)
    script = client.register_script("return redis.call('GET', 'name')")

    def ask_at_once(pausing: RedisServer) -> list[bytes]:
        # Both wait for the same server, so each takes a connection of its own.
        answers(pausing, "CLIENT", "PAUSE", "300")
        with ThreadPoolExecutor(2) as threads:
            return list(threads.map(lambda _: script(), range(2)))

    assert ask_at_once(before) == [b"before"] * 2
    rename()
    # It runs on, as a master that was cut off does. A new connection makes the new one known.
    client.connection_pool.get_connection()

    assert ask_at_once(after) == [b"after"] * 2
    assert "name=gateway" in str(answers(after, "CLIENT", "LIST"))
    assert "name=gateway" not in str(answers(before, "CLIENT", "LIST"))
    client.close()


@pytest.mark.parametrize("kind", ["script", "command", "pipeline"])
def test_by_the_sentinels_no_change_is_refused_because_its_master_is_a_replica_now(
    renamed: tuple[str, list[RedisServer], Callable[[], None]], kind: str
) -> None:
    url, (before, after), rename = renamed
    client = connect(url, 5.0)
    script = client.register_script("return redis.call('SET', 'changed', ARGV[1])")

    def change(value: str) -> None:
        if kind == "script":
            script([], [value])
        elif kind == "command":
            client.set("changed", value)
        else:
            client.pipeline(transaction=False).set("changed", value).execute()

    change("early")
    rename()
    answers(before, "REPLICAOF", after.host, str(after.port))
    change("late")

    assert answers(after, "GET", "changed") == b"late"
    client.close()


@pytest.mark.parametrize("kind", ["script", "command", "pipeline"])
def test_sentinels_that_know_no_master_are_asked_once(
    renamed: tuple[str, list[RedisServer], Callable[[], None]], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, (before, _), _ = renamed
    client = connect(url, 5.0)
    script = client.register_script("return 'a'")
    ask = {
        "script": script,
        "command": lambda: client.echo("a"),
        "pipeline": client.pipeline(transaction=False).echo("a").execute,
    }[kind]
    script()
    asked: list[str] = []

    def know_none(_sentinel: Sentinel, service: str) -> None:
        asked.append(service)
        raise MasterNotFoundError

    monkeypatch.setattr(Sentinel, "discover_master", know_none)
    answers(before, "CLIENT", "KILL", "TYPE", "normal")

    with pytest.raises(MasterNotFoundError):
        ask()

    assert asked == ["updates"]
    client.close()


def has_begun_a_failover(sentinel: RedisServer) -> bool:
    """It does not, until it has heard from the replica."""
    try:
        return bool(answers(sentinel, "SENTINEL", "FAILOVER", "updates"))
    except redis.ResponseError:
        return False


def sentinels_view(sentinel: RedisServer) -> dict[str, str]:
    with redis.Redis(host=sentinel.host, port=sentinel.port, decode_responses=True) as client:
        view: dict[str, str] = client.sentinel_master("updates")
        return view


def eventually(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < give_up, "it did not come true"
        time.sleep(0.02)
