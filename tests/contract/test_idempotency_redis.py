"""What only the Redis store can meet: a server that is down, slow, restarted, or not Redis at all."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
import redis

from gateway.admission.idempotency.errors import InProgress, StoreUnavailable
from gateway.admission.idempotency.journal import Entry
from gateway.admission.idempotency.redis_store import RedisIdempotencyStore
from gateway.admission.rates.limits import RateLimits
from gateway.admission.rates.redis_rates import SharedRedisStorage
from tests.doubles.clocks import FakeClock
from tests.doubles.redis_server import BINARY, MISSING, RedisServer
from tests.doubles.rules import claim_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.admission.idempotency.claim import Claim


@pytest.fixture
def server(tmp_path) -> Iterator[RedisServer]:
    """A server of this test's own, to be ill-treated."""
    if BINARY is None:
        pytest.skip(MISSING)
    made = RedisServer(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def store(server, clock):
    made = RedisIdempotencyStore(server.url, claim_policy(), timeout_seconds=0.2, clock=clock)
    yield made
    made.close()


def once_it_can(claim: Callable[[], Claim]) -> Claim:
    """The claim, once the key is free; a lease is far longer than this waits."""
    give_up = time.monotonic() + 10
    while True:
        try:
            return claim()
        except (InProgress, StoreUnavailable):
            assert time.monotonic() < give_up
            time.sleep(0.02)


def finals(*indexes: int) -> list[Entry]:
    return [Entry(index, "final", b"%d" % index) for index in indexes]


def test_a_redis_that_is_not_there_at_start_refuses_claims_and_serves_them_once_it_is(server, store, clock):
    server.stop()
    with pytest.raises(StoreUnavailable, match="ConnectionError"):
        store.claim("p", "k", "f", 1)
    assert store.ping() is not None
    server.start()
    clock.advance(1.1)

    assert store.claim("p", "k", "f", 1).kind == "fresh"
    assert store.ping() is None


def test_after_a_failure_redis_is_left_alone_for_a_second(server, store, clock):
    server.stop()
    with pytest.raises(StoreUnavailable, match="ConnectionError"):
        store.claim("p", "k", "f", 1)
    server.start()

    with pytest.raises(StoreUnavailable, match="a moment ago"):
        store.claim("p", "k", "f", 1)


def test_a_redis_that_hangs_is_given_up_after_the_timeout(server, store):
    store.claim("p", "other", "f", 1)
    server.freeze()

    with pytest.raises(StoreUnavailable, match="TimeoutError"):
        store.claim("p", "k", "f", 1)
    server.thaw()


def test_a_connection_that_redis_closed_is_replaced_without_a_refusal(server, store):
    store.claim("p", "k", "f", 1)
    server.stop()
    server.start()

    assert store.claim("p", "k", "f", 1).kind == "fresh"  # the server kept nothing


def test_a_running_batch_whose_redis_is_gone_ends_what_has_left_and_keeps_it(server, store, caplog):
    claim = store.claim("p", "k", "f", 100)
    stops: list[str] = []
    claim.watch(lambda: stops.append("stop"), lambda: stops)
    claim.begin(range(100))
    server.stop()
    left = 0
    while not stops:
        assert claim.upto() > left
        claim.record(finals(left))
        left += 1
    claim.finish()

    assert left == 64
    assert (claim.is_kept, store.waiting()) == (False, 1)
    assert {record.message for record in caplog.records} == {"idempotency_record_failed", "idempotency_finish_waits"}


def test_a_redis_that_hangs_for_a_moment_holds_a_batch_up_and_does_not_end_it(server, store):
    claim = store.claim("p", "k", "f", 100)
    claim.watch(lambda: pytest.fail("it came back"), bool)
    claim.begin(range(100))
    server.freeze()
    thawing = threading.Timer(0.5, server.thaw)
    thawing.start()
    claim.record(finals(*range(100)))
    claim.finish()
    thawing.join()

    assert claim.is_kept
    assert store.claim("p", "k", "f", 100).kind == "replay"


def test_what_could_not_be_written_is_written_when_redis_is_back(tmp_path):
    if BINARY is None:
        pytest.skip(MISSING)
    server = RedisServer(tmp_path, "--appendonly", "yes", "--appendfsync", "always")
    server.start()
    store = RedisIdempotencyStore(server.url, claim_policy(), timeout_seconds=0.2)
    claim = store.claim("p", "k", "f", 3)
    claim.record(finals(0, 1, 2))
    server.stop()
    claim.finish()
    assert (claim.is_kept, store.waiting()) == (False, 1)

    server.start()

    assert once_it_can(lambda: store.claim("p", "k", "f", 3)).kind == "replay"
    assert store.waiting() == 0
    store.close()
    server.stop()


def test_what_was_told_while_redis_was_away_longer_than_the_lease_is_known_to_another_worker_that_asks_first(tmp_path):
    if BINARY is None:
        pytest.skip(MISSING)
    server = RedisServer(tmp_path, "--appendonly", "yes", "--appendfsync", "always")
    server.start()
    policy = claim_policy(lease_seconds=0.5, notice_seconds=8.0)
    store, other = (RedisIdempotencyStore(server.url, policy, timeout_seconds=0.2) for _ in range(2))
    claim = store.claim("p", "k", "f", 3)
    claim.record(finals(0, 1, 2))
    leased_until = time.monotonic() + policy.lease_seconds
    server.stop()
    claim.finish()
    while time.monotonic() < leased_until:
        time.sleep(0.02)
    server.start()

    again = once_it_can(lambda: other.claim("p", "k", "f", 3))

    assert (again.kind, list(again.stored.values())) == ("replay", finals(0, 1, 2))
    for each in (store, other):
        each.close()
    server.stop()


def test_a_claim_that_redis_carried_out_after_it_was_given_up_is_taken_back(server):
    store = RedisIdempotencyStore(server.url, claim_policy(), timeout_seconds=0.2)
    store.claim("p", "other", "f", 1).abandon()
    server.freeze()
    with pytest.raises(StoreUnavailable, match="TimeoutError"):
        store.claim("p", "k", "f", 5)
    server.thaw()

    assert once_it_can(lambda: store.claim("p", "k", "f", 5)).kind == "fresh"
    store.close()


def test_a_claim_whose_taking_back_found_redis_away_is_taken_back_later(server):
    store = RedisIdempotencyStore(server.url, claim_policy(), timeout_seconds=0.2)
    claim = store.claim("p", "k", "f", 5)
    server.freeze()
    claim.abandon()
    server.thaw()

    assert once_it_can(lambda: store.claim("p", "k", "f", 5)).kind == "fresh"
    store.close()


def test_an_abandoned_claim_that_cannot_be_taken_back_now_is_logged(server, store, caplog):
    claim = store.claim("p", "k", "f", 1)
    server.stop()
    claim.abandon()

    assert [record.message for record in caplog.records] == ["idempotency_finish_waits"]


def test_a_claim_whose_answer_was_lost_can_be_made_again_by_the_same_owner(server, store):
    lost = store.claim("p", "k", "f", 3)._record
    answer, events = lost.claim("f", b'{"sent":[0,3]}')

    assert (answer, events) == (b"held", 0)
    assert len(redis.from_url(server.url).keys("*events")) == 1


def test_a_resume_whose_answer_was_lost_can_be_made_again_by_the_same_owner(store):
    first = store.claim("p", "k", "f", 3)
    first.record([*finals(0), Entry(1, "open"), Entry(2, "open")])
    first.finish()
    again = store.claim("p", "k", "f", 3)._record

    answer, events, _, page = again.claim("f", b'{"sent":[0,3]}')

    assert (answer, events, len(page)) == (b"held", 2, 2)


@pytest.mark.parametrize("spoil", ["SET", "RPUSH"])
def test_keys_that_hold_something_else_are_an_unavailable_store(server, store, spoil):
    store.claim("p", "k", "f", 1).abandon()
    client = redis.from_url(server.url)
    claim = store.claim("p", "k", "f", 1)
    name = client.keys("*record")[0]
    client.delete(name)
    client.execute_command(spoil, name, "x")

    with pytest.raises(StoreUnavailable, match="WRONGTYPE"):
        store.claim("p", "k", "f", 1)
    claim.finish()
    client.close()


def test_events_that_are_no_journal_are_an_unavailable_store(server, store):
    claim = store.claim("p", "k", "f", 1)
    claim.record([Entry(0, "open")])
    claim.finish()
    client = redis.from_url(server.url)
    client.rpush(client.keys("*events")[0], b"\xff\x00 nonsense")
    client.close()

    with pytest.raises(StoreUnavailable, match="not an event"):
        store.claim("p", "k", "f", 1)


def test_a_full_redis_is_an_unavailable_store(server, store):
    client = redis.from_url(server.url)
    store.claim("p", "k", "f", 1)
    client.config_set("maxmemory", "1")
    client.close()

    with pytest.raises(StoreUnavailable, match="OutOfMemory"):
        store.claim("p", "l", "f", 1)


@pytest.mark.parametrize(
    "reply", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"$abc\r\n", b"*1\r\n$-5\r\n", b"\xff\xfe\x00\r\n", b""]
)
def test_a_server_that_is_not_redis_is_an_unavailable_store_and_an_open_rate_limit(reply):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer_all, args=(listener, reply), daemon=True).start()
        url = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        store = RedisIdempotencyStore(url, claim_policy())

        with pytest.raises(StoreUnavailable):
            store.claim("p", "k", "f", 1)
        assert store.ping() is not None
        assert RateLimits("10/minute", SharedRedisStorage(url), name="items").hit("p", 3).remaining == 7
        store.close()
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("command", ["HELLO", "AUTH"])
def test_a_redis_that_repeats_the_credentials_brings_them_into_no_reason_and_no_log_line(command, caplog):
    reply = f"-ERR unknown command `{command}`, with args beginning with: `3`, `AUTH`, `user`, `s3cret`, \r\n"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer_all, args=(listener, reply.encode()), daemon=True).start()
        url = f"redis://user:s3cret@127.0.0.1:{listener.getsockname()[1]}/0?protocol=3"
        store = RedisIdempotencyStore(url, claim_policy())

        with pytest.raises(StoreUnavailable) as refused:
            store.claim("p", "k", "f", 1)
        asked = store.ping()
        RateLimits("10/minute", SharedRedisStorage(url), name="items").hit("p", 3)
        store.close()
        listener.shutdown(socket.SHUT_RDWR)

    (down,) = (record for record in caplog.records if record.message == "rate_store_down")
    for reason in (refused.value.reason, asked.reason, down.reason):
        assert "unknown command" in reason
        assert "s3cret" not in reason


def answer_all(listener: socket.socket, reply: bytes) -> None:
    try:
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(5)
                connection.recv(1024)
                connection.sendall(reply)
    except OSError:
        return


def test_workers_that_share_redis_count_together(server):
    one, other = (RateLimits("10/minute", SharedRedisStorage(server.url), name="items") for _ in range(2))

    assert one.hit("p", 7).remaining == 3
    refused = other.hit("p", 4)

    assert not refused.allowed
    assert 1 <= refused.retry_after <= 120
    assert refused.reset_seconds == refused.retry_after


def test_a_rate_limit_counts_locally_while_redis_is_away_and_together_when_it_is_back(server, clock, caplog):
    limits = RateLimits("10/minute", SharedRedisStorage(server.url), name="items", clock=clock)
    limits.hit("p", 7)
    server.stop()
    assert limits.hit("p", 7).allowed
    server.start()
    clock.advance(1.1)

    assert limits.hit("p", 7).allowed  # the server began anew
    assert not limits.hit("p", 7).allowed
    assert [record.message for record in caplog.records] == ["rate_store_down", "rate_store_back"]
