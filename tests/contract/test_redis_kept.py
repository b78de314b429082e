"""Scripts run on connections that the client keeps, and is answered by: a real Redis closes, delays and refuses."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
import redis
from redis.exceptions import NoScriptError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from gateway.admission.rates.limits import RateLimits
from gateway.admission.rates.redis_rates import SharedRedisStorage
from gateway.admission.redis_client import connect
from tests.doubles.redis_server import BINARY, MISSING, RedisServer, SentinelServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(BINARY is None, reason=MISSING)
ECHO = "return ARGV[1]"


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[redis.Redis]:
    made = connect(redis_server.url, 5.0)
    yield made
    made.close()


@pytest.fixture
def admin(redis_server: RedisServer) -> Iterator[Any]:
    with redis.from_url(redis_server.url) as made:
        made.script_flush()
        yield made


def connected(admin: Any) -> set[str]:
    """The addresses of all clients but ``admin``."""
    return {each["addr"] for each in admin.client_list() if each["id"] != str(admin.client_id())}


@pytest.mark.parametrize("argument", ["é", b"\x00\xff\r\n", "", 12, -1.5, bytearray(b"ab")])
def test_a_script_is_answered_as_the_library_is(client, admin, argument):
    theirs = admin.register_script(ECHO)(["a", b"b"], [argument])

    assert client.register_script(ECHO)(["a", b"b"], [argument]) == theirs


def test_one_after_the_other_takes_one_connection(client, admin):
    script = client.register_script(ECHO)
    script([], ["loaded"])
    before = connected(admin)

    assert [script([], [number]) for number in range(20)] == [b"%d" % number for number in range(20)]
    assert connected(admin) == before


def test_those_that_run_at_once_have_a_connection_each_and_use_them_again(client, admin):
    script, all_are_there = client.register_script(ECHO), Barrier(8)
    script([], ["loaded"])

    def ask(number: int) -> list[bytes]:
        all_are_there.wait(30)
        return [script([], [f"{number}.{turn}"]) for turn in range(50)]

    before = connected(admin)
    for _ in range(2):
        with ThreadPoolExecutor(8) as threads:
            told = list(threads.map(ask, range(8)))
        assert told == [[f"{number}.{turn}".encode() for turn in range(50)] for number in range(8)]
    assert len(connected(admin) - before) <= 7


def test_a_connection_that_was_closed_meanwhile_is_replaced(client, admin):
    script = client.register_script("return redis.call('INCR', KEYS[1])")
    assert script(["replaced"]) == 1
    old = connected(admin)

    admin.client_kill_filter(_type="normal", skipme=True)

    assert script(["replaced"]) == 2
    assert not connected(admin) & old
    admin.delete("replaced")


def test_a_script_that_redis_has_forgotten_is_given_again(client, admin):
    script = client.register_script(ECHO)
    script([], ["before"])
    before = connected(admin)

    admin.script_flush()

    assert script([], ["after"]) == b"after"
    assert script([], ["known again"]) == b"known again"
    assert connected(admin) == before


def test_a_user_who_may_load_scripts_needs_no_other_leave(redis_server, admin):
    admin.execute_command("ACL SETUSER", "loader", "on", ">s3cret", "~*", "&*", "+@all", "-eval")
    client = connect(redis_server.url.replace("//", "//loader:s3cret@"), 5.0)

    assert client.register_script(ECHO)([], ["a"]) == b"a"
    client.close()
    admin.execute_command("ACL DELUSER", "loader")


def test_a_script_that_was_never_given_is_refused_as_the_library_refuses_it(client):
    with pytest.raises(NoScriptError):
        client.evalsha("0" * 40, 0)


def test_a_script_that_fails_leaves_its_connection_as_it_was(client, admin):
    good, bad = client.register_script(ECHO), client.register_script("return redis.call('NO-SUCH-COMMAND')")
    good([], ["loaded"])
    before = connected(admin)

    with pytest.raises(ResponseError, match="Unknown Redis command"):
        bad()

    assert good([], ["after"]) == b"after"
    assert connected(admin) == before


@pytest.fixture(params=["by its address", "by a Sentinel"])
def frozen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[RedisServer, str]]:
    """A server that can be frozen, and the URL that leads to it."""
    servers = [RedisServer(tmp_path / "redis")]
    servers[0].start()
    if request.param == "by a Sentinel":
        servers.append(SentinelServer(tmp_path / "sentinel", servers[0]))
        servers[1].start()
    yield servers[0], servers[-1].url
    for server in servers:
        server.stop()


def by_script(client: redis.Redis, text: str) -> Any:
    return client.register_script(ECHO)([], [text])


def by_command(client: redis.Redis, text: str) -> Any:
    return client.echo(text)


def by_pipeline(client: redis.Redis, text: str) -> Any:
    [answer] = client.pipeline(transaction=False).echo(text).execute()
    return answer


@pytest.mark.parametrize("ask", [by_script, by_command, by_pipeline])
def test_an_answer_that_comes_too_late_is_nobodys(frozen, ask):
    server, url = frozen
    client = connect(url, 0.5)
    assert ask(client, "first") == b"first"

    server.freeze()
    with pytest.raises(RedisTimeoutError):
        ask(client, "late")
    with ThreadPoolExecutor(1) as thread:
        # It is asked while the answer to the one before is still to come.
        answer = thread.submit(ask, client, "next")
        server.thaw()
        assert answer.result(30) == b"next"
    client.close()


class BrokenOff(BaseException):
    """As the end of a greenlet, or what the handler of a signal raises."""


@pytest.mark.parametrize("part", ["_parser", "itself"])
def test_what_breaks_off_an_exchange_leaves_no_answer_behind(client, admin, monkeypatch, part):
    script = client.register_script(ECHO)
    script([], ["loaded"])
    [kept] = client._at_rest

    def break_off(*_arguments: object, **_named: object) -> None:
        raise BrokenOff

    with monkeypatch.context() as patch:
        # A greenlet ends while it waits for the answer; a signal may come before it begins to.
        patch.setattr(kept if part == "itself" else kept._parser, "read_response", break_off)
        with pytest.raises(BrokenOff):
            script([], ["lost"])

    assert not kept.is_connected
    assert not client._at_rest
    assert script([], ["next"]) == b"next"


def test_a_connection_that_the_library_wants_made_anew_is_closed_after_its_next_script(client, admin):
    script = client.register_script(ECHO)
    script([], ["loaded"])
    [kept] = client._at_rest
    # As the library does for those in use where a server tells that it moves.
    kept.mark_for_reconnect()

    assert script([], ["last"]) == b"last"
    assert not kept.is_connected
    assert script([], ["next"]) == b"next"


class TakenMeanwhile(deque[Any]):
    """Another thread is quicker each time."""

    def pop(self) -> Any:
        super().pop()
        return super().pop()


def test_a_connection_that_another_thread_took_meanwhile_is_left_to_it(client, admin):
    script = client.register_script(ECHO)
    script([], ["loaded"])
    client._at_rest = TakenMeanwhile(client._at_rest)

    assert script([], ["a"]) == b"a"


@pytest.mark.parametrize("by", ["its address", "a Sentinel"])
def test_what_breaks_off_a_handshake_leaves_no_answer_behind(redis_server, tmp_path, monkeypatch, by):
    sentinel = SentinelServer(tmp_path, redis_server)
    if by == "a Sentinel":
        sentinel.start()
    client = connect(sentinel.url if by == "a Sentinel" else redis_server.url, 5.0)
    script = client.register_script(ECHO)

    def break_off(*_arguments: object, **_named: object) -> None:
        raise BrokenOff

    with monkeypatch.context() as patch:
        # The question was sent.
        patch.setattr(client.connection_pool.connection_class, "read_response", break_off)
        with pytest.raises(BrokenOff):
            script([], ["lost"])

    [given_back] = client.connection_pool._available_connections
    assert not given_back.is_connected
    assert script([], ["next"]) == b"next"
    client.close()
    sentinel.stop()


def test_a_process_that_is_forked_leaves_the_connections_of_the_first_alone(client, admin):
    script = client.register_script(ECHO)
    script([], ["before"])
    before = connected(admin)

    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            # One that is new for the script; and here the admin has a new one too, so that its old one is seen.
            os.write(writing, script([], ["child"]) + b" %d" % len(connected(admin) - before))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        assert told.read() == b"child 2"
    os.waitpid(child, 0)

    assert script([], ["after"]) == b"after"


@pytest.mark.parametrize("most", [1, 2, 3])
def test_scripts_leave_connections_to_all_other_commands(redis_server, most):
    few = connect(f"{redis_server.url}?max_connections={most}", 5.0)
    script = few.register_script(ECHO)

    assert [(script([], ["a"]), few.ping()) for _ in range(3)] == [(b"a", True)] * 3
    few.close()


def test_the_end_of_the_client_closes_them(redis_server, admin):
    client = connect(redis_server.url, 5.0)
    before = connected(admin)
    client.register_script(ECHO)([], ["a"])
    assert connected(admin) - before

    client.close()

    assert connected(admin) == before


def test_rates_are_counted_on_one_that_is_kept_and_closed_at_their_end(redis_server, admin):
    before = connected(admin)
    storage = SharedRedisStorage(redis_server.url, 5.0)
    limits = RateLimits("10/minute", storage, name="items")

    assert limits.hit("p", 1).allowed
    [kept] = storage.get_connection()._at_rest
    assert len(connected(admin) - before) == 1

    storage.close()
    assert not kept.is_connected
    assert connected(admin) == before
