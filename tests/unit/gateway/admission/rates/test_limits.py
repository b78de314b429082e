from __future__ import annotations

import logging
import tempfile
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limits.storage import MemoryStorage

from gateway.admission.rates.limits import Allowance, RateLimits, parse_rate, ratelimit_fields
from gateway.admission.rates.redis_rates import SharedRedisStorage
from gateway.admission.rates.sqlite_rates import SqliteStorage
from tests.doubles.clocks import FakeClock


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def storage(tmp_path, clock):
    made = SqliteStorage(tmp_path / "state" / "rates.sqlite3", clock=clock)
    yield made
    made.close()


@pytest.fixture
def limits(storage):
    return RateLimits("10/minute", storage, name="items")


@pytest.mark.parametrize(
    ("text", "amount", "seconds"), [("1/second", 1, 1), ("500/minute", 500, 60), ("100000/hour", 100_000, 3600)]
)
def test_a_rate_is_a_count_per_unit(text, amount, seconds):
    rate = parse_rate(text)

    assert (rate.amount, rate.get_expiry()) == (amount, seconds)


@pytest.mark.parametrize(
    "text", ["", "5", "0/second", "-1/second", "1.5/second", "5/day", "5/minutes", "5 / minute", "5/2 minute", "x/hour"]
)
def test_anything_else_is_no_rate_and_the_error_says_what_is(text):
    with pytest.raises(ValueError, match=r"must be COUNT/second, COUNT/minute or COUNT/hour"):
        parse_rate(text)


def test_a_limit_that_is_no_rate_stops_the_start(storage):
    with pytest.raises(ValueError, match="must be COUNT"):
        RateLimits("many", storage, name="items")


def test_without_a_limit_there_is_no_allowance(storage):
    assert RateLimits("", storage, name="items").hit("p", 1_000_000) is None


def test_what_is_used_is_taken_from_what_remains(limits):
    assert limits.hit("p", 4) == Allowance(
        allowed=True, limit=10, remaining=6, reset_seconds=60, window_seconds=60, retry_after=None
    )
    assert limits.hit("p", 6).remaining == 0


def test_what_does_not_fit_is_refused_whole(limits):
    limits.hit("p", 8)

    refused = limits.hit("p", 3)

    assert (refused.allowed, refused.remaining) == (False, 2)
    assert limits.hit("p", 2).allowed


def test_no_wait_is_longer_than_the_window_and_two_waits_are_enough(limits, clock):
    limits.hit("p", 10)

    assert limits.hit("p", 4).retry_after == 60
    clock.advance(60)
    # Fewer than 7 of the 10 may weigh on, which is so just after 18 seconds.
    assert limits.hit("p", 4).retry_after == 19
    clock.advance(19)
    assert limits.hit("p", 4).allowed


def test_a_refused_request_fits_after_retry_after_and_not_a_second_earlier(limits, clock):
    limits.hit("p", 10)
    clock.advance(60)
    refused = limits.hit("p", 4)

    clock.advance(refused.retry_after - 1.5)
    assert not limits.hit("p", 4).allowed
    clock.advance(1.5)
    assert limits.hit("p", 4).allowed


def test_retry_after_counts_on_the_window_that_runs_out_if_that_is_enough(limits, clock):
    limits.hit("p", 10)
    clock.advance(60)
    limits.hit("p", 0)  # the first window is now the previous one, and weighs all
    refused = limits.hit("p", 5)

    assert refused.retry_after == 25


def test_the_reset_of_a_refused_request_is_when_it_fits(limits):
    limits.hit("p", 10)
    refused = limits.hit("p", 4)

    assert refused.reset_seconds == refused.retry_after


def test_more_than_the_whole_limit_never_fits(limits):
    refused = limits.hit("p", 11)

    assert (refused.allowed, refused.never_fits, refused.retry_after, refused.remaining) == (False, True, None, 10)


def test_principals_do_not_share_a_limit(limits):
    limits.hit("p", 10)

    assert limits.hit("q", 10).allowed


def test_kinds_of_limits_do_not_share_a_count(storage, limits):
    limits.hit("p", 10)

    assert RateLimits("10/minute", storage, name="requests").hit("p", 10).allowed


def test_a_principal_may_have_a_limit_of_its_own(limits):
    assert limits.hit("p", 20, "20/minute").limit == 20


def test_limiters_over_one_file_count_together(limits, storage, tmp_path, clock):
    other = SqliteStorage(tmp_path / "state" / "rates.sqlite3", clock=clock)
    limits.hit("p", 7)

    refused = RateLimits("10/minute", other, name="items").hit("p", 4)

    assert not refused.allowed
    other.close()


def test_the_count_goes_back_to_nothing_when_nothing_is_used(limits, clock):
    limits.hit("p", 10)
    clock.advance(121)

    assert limits.hit("p", 10).allowed


@pytest.mark.parametrize("jump", [-3600.0, -1_000_000.0, 3600.0])
def test_a_clock_that_jumps_neither_locks_a_principal_out_nor_gives_negative_waits(limits, clock, jump):
    limits.hit("p", 10)
    clock.advance(jump)

    refused = limits.hit("p", 4)

    assert refused.allowed or 1 <= refused.retry_after <= 120
    clock.advance(120)
    assert limits.hit("p", 4).allowed


@settings(max_examples=50)  # each example makes a file
@given(st.lists(st.tuples(st.integers(1, 12), st.floats(0, 90)), max_size=20))
def test_no_window_admits_more_than_twice_its_limit_and_every_retry_after_below_it_is_enough(uses):
    clock = FakeClock()
    admitted: list[tuple[float, int]] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(SqliteStorage(Path(folder) / "rates", clock=clock)) as storage,
    ):
        limits = RateLimits("10/minute", storage, name="items")
        for cost, pause in uses:
            clock.advance(pause)
            allowance = limits.hit("p", cost)
            if allowance.never_fits:
                continue
            if not allowance.allowed:
                assert 1 <= allowance.retry_after <= 60
                clock.advance(allowance.retry_after)
                second = limits.hit("p", cost)
                if not second.allowed:
                    assert allowance.retry_after == 60
                    clock.advance(second.retry_after)
                    assert limits.hit("p", cost).allowed
            admitted.append((clock.now, cost))

    for start, _ in admitted:
        assert sum(cost for at, cost in admitted if start <= at < start + 60) <= 20


def test_the_fields_are_those_of_the_current_draft():
    allowance = Allowance(allowed=True, limit=500, remaining=499, reset_seconds=60, window_seconds=60)

    assert ratelimit_fields("requests", allowance) == {
        "RateLimit-Policy": '"requests";q=500;w=60',
        "RateLimit": '"requests";r=499;t=60',
    }


class TestStorageDown:
    """Rate limits fail open to what each worker counts for itself."""

    @pytest.fixture
    def broken(self, tmp_path, clock):
        path = tmp_path / "rates.sqlite3"
        path.write_bytes(b"not a database at all" * 100)
        return path

    @pytest.fixture
    def limits(self, broken, clock):
        storage = SqliteStorage(broken, clock=clock)
        yield RateLimits("10/minute", storage, name="items", clock=clock)
        storage.close()

    def test_requests_are_admitted_and_counted_locally(self, limits):
        assert limits.hit("p", 8).allowed
        assert not limits.hit("p", 8).allowed

    def test_it_is_logged_once_and_once_when_the_storage_is_back(self, limits, broken, clock, caplog):
        caplog.set_level(logging.INFO)
        for _ in range(3):
            limits.hit("p", 1)
            clock.advance(1.1)
        broken.unlink()
        for _ in range(3):
            limits.hit("p", 1)
            clock.advance(1.1)

        assert [record.message for record in caplog.records] == ["rate_store_down", "rate_store_back"]

    def test_the_storage_is_left_alone_for_a_second(self, limits, broken, clock):
        limits.hit("p", 9)
        broken.unlink()

        assert not limits.hit("p", 9).allowed  # still counted locally
        clock.advance(1.1)
        assert limits.hit("p", 9).allowed


class TestSqliteStorage:
    """The rest of the library's storage interface."""

    def test_a_plain_counter_counts_until_its_window_ends(self, storage, clock):
        assert [storage.incr("k", 60), storage.incr("k", 60, 4), storage.get("k")] == [1, 5, 5]
        clock.advance(60)

        assert storage.get("k") == 0
        assert storage.incr("k", 60) == 1

    def test_the_expiry_is_the_end_of_the_window(self, storage):
        storage.incr("k", 60)

        assert storage.get_expiry("k") == pytest.approx(time.time() + 60, abs=30)
        assert storage.get_expiry("other") == pytest.approx(time.time(), abs=30)

    def test_a_counter_can_be_cleared(self, storage):
        storage.incr("k", 60)
        storage.clear_sliding_window("k", 60)

        assert storage.get("k") == 0

    def test_all_counters_can_be_cleared(self, storage):
        storage.incr("k", 60)
        storage.incr("l", 60)

        assert storage.reset() == 2

    def test_it_tells_whether_it_works(self, storage, tmp_path):
        assert storage.check()
        (tmp_path / "bad").write_bytes(b"x" * 1000)
        assert not SqliteStorage(tmp_path / "bad").check()

    def test_counters_of_long_ago_are_swept(self, storage, clock):
        storage.acquire_sliding_window_entry("k", 10, 60)
        clock.advance(3600 + 61)
        storage.acquire_sliding_window_entry("l", 10, 60)

        assert storage.reset() == 1


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "rediss://127.0.0.1:1/0", "unix:///nowhere/redis.sock"])
def test_a_redis_that_is_not_there_costs_nothing_but_the_sharing(url, clock):
    limits = RateLimits("10/minute", SharedRedisStorage(url), name="items", clock=clock)

    assert limits.hit("p", 8).allowed
    assert not limits.hit("p", 8).allowed


def test_the_local_count_is_the_librarys():
    limits = RateLimits("10/hour", MemoryStorage(), name="items")

    assert limits.hit("p", 10).allowed
    assert limits.hit("p", 1).retry_after >= 1


class Crowded(SqliteStorage):
    """Refuses a request, though others have left room by the time that it is asked how much."""

    def acquire_sliding_window_entry(self, *_: object) -> bool:
        return False


def test_a_request_refused_in_a_race_may_come_back_in_a_second(tmp_path):
    with closing(Crowded(tmp_path / "rates")) as storage:
        assert RateLimits("10/minute", storage, name="items").hit("p", 1).retry_after == 1
