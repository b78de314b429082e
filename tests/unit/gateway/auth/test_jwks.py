"""The life of a realm's keys: fetched once, refreshed beside the requests, served stale, withdrawn, never flooded."""

from __future__ import annotations

import itertools
import logging
import threading
from typing import TYPE_CHECKING

import pytest

from gateway.auth.errors import KeysUnavailable, SourceFailed
from gateway.auth.jwks import LOST_SECONDS, KeyLife, KeyStore, in_thread
from tests.unit.gateway.auth.issuer import JWKS, Clock, FakeRealm, at_once, ec_jwk, ed_jwk, rsa_jwk

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.auth.keyset import RealmKeys

TTL, MAX_STALE, COOLDOWN = 300.0, 86_400.0, 10.0
ROTATED = {"keys": [rsa_jwk("new"), rsa_jwk("rsa")]}


class Source(FakeRealm):
    """A realm that can also fail, or hang until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.failure = ""
        self.gate = threading.Event()
        self.gate.set()
        self.asked = threading.Event()
        self.answered = threading.Event()
        self.failures_left = 1_000_000

    def __call__(self) -> RealmKeys:
        self.asked.set()
        assert self.gate.wait(20)
        if self.failure and self.failures_left:
            self.failures_left -= 1
            self.fetches += 1
            raise SourceFailed(self.failure)
        self.answered.set()
        return super().__call__()


class Later:
    """Keeps the work of the store until it is told to do it."""

    def __init__(self) -> None:
        self.work: list[Callable[[], None]] = []

    def __call__(self, work: Callable[[], None]) -> None:
        self.work.append(work)

    def run(self) -> None:
        while self.work:
            self.work.pop(0)()


class Kept:
    """A store over a source, with a clock that stands still."""

    def __init__(self, spawn: Callable[[Callable[[], None]], None] = at_once, **life: float) -> None:
        self.source = Source()
        self.clock = Clock()
        self.store = KeyStore(
            "partners",
            self.source,
            KeyLife(**({"ttl": TTL, "max_stale": MAX_STALE, "cooldown": COOLDOWN} | life)),
            clock=self.clock,
            spawn=spawn,
            jitter=lambda low, high: 1.0,
            patience=0.2,
        )

    def after(self, seconds: float) -> KeyStore:
        self.clock.now += seconds
        return self.store

    def has(self, kid: str) -> bool:
        return kid in self.store.having(kid).by_kid


def warm(later: Later) -> Kept:
    """A store that holds its first keys, and does nothing more until ``later`` runs."""
    kept = Kept(later)
    with pytest.raises(KeysUnavailable):
        kept.store.current()
    later.run()
    return kept


@pytest.fixture
def kept() -> Kept:
    """A store that holds its first keys."""
    kept = Kept()
    kept.store.current()
    return kept


def test_keys_are_fetched_once_and_kept(kept: Kept):
    for _ in range(100):
        assert kept.has("rsa")

    assert kept.source.fetches == 1


def test_nothing_is_fetched_before_the_first_call():
    assert Kept().source.fetches == 0


def test_keys_are_refreshed_when_their_time_has_come(kept: Kept):
    kept.after(TTL - 1).current()
    assert kept.source.fetches == 1

    kept.after(1).current()
    assert kept.source.fetches == 2


def test_the_time_of_a_refresh_varies_by_a_tenth_so_that_workers_do_not_march_in_step():
    asked = []
    kept = Kept()
    kept.store._jitter = lambda low, high: asked.append((low, high)) or low

    kept.store.current()
    kept.after(TTL * 0.9).current()

    assert asked == [(0.9, 1.1), (0.9, 1.1)]
    assert kept.source.fetches == 2


def test_a_request_never_waits_for_a_refresh():
    later = Later()
    kept = warm(later)
    before = kept.store.current()

    assert kept.after(TTL).current() is before
    assert len(later.work) == 1


def test_the_same_keys_again_are_the_same_object_so_that_what_hangs_on_it_stays(kept: Kept):
    before = kept.store.current()
    kept.source.jwks = {"keys": list(reversed(JWKS["keys"]))}

    assert kept.after(TTL).current() is before
    assert kept.source.fetches == 2


def test_a_new_key_is_accepted_after_one_fetch(kept: Kept):
    kept.source.jwks = ROTATED

    assert kept.has("new")
    assert kept.has("rsa")
    assert kept.source.fetches == 2


def test_a_withdrawn_key_is_gone_after_the_next_refresh(kept: Kept):
    kept.source.jwks = {"keys": [rsa_jwk("new")]}

    kept.after(TTL).current()

    assert not kept.has("rsa")


def test_a_flood_of_random_kids_costs_one_fetch_in_a_cooldown(kept: Kept):
    for number in range(10_000):
        assert not kept.has(f"random-{number}")
    assert kept.source.fetches == 2

    kept.after(COOLDOWN)
    for number in range(10_000):
        assert not kept.has(f"random-{number}")
    assert kept.source.fetches == 3


def test_a_flood_that_fails_costs_one_fetch_in_a_cooldown_too(kept: Kept):
    kept.source.failure = "status 503"

    for number in range(1000):
        with pytest.raises(KeysUnavailable):
            kept.store.having(f"random-{number}")

    assert kept.source.fetches == 2


def test_the_known_keys_are_served_all_through_a_flood(kept: Kept):
    kept.source.failure = "status 503"

    for number in range(100):
        with pytest.raises(KeysUnavailable):
            kept.store.having(f"random-{number}")
        assert kept.has("rsa")


def test_a_new_key_is_accepted_within_the_cooldown_even_while_a_flood_goes_on(kept: Kept):
    kept.has("random-1")
    kept.source.jwks = ROTATED

    assert not kept.has("new")
    kept.after(COOLDOWN)

    assert kept.has("new")


def test_a_token_that_overtakes_the_news_of_its_key_is_accepted_after_the_cooldown(kept: Kept):
    assert not kept.has("new")
    kept.source.jwks = ROTATED

    kept.after(COOLDOWN)

    assert kept.has("new")


def test_a_kid_asked_for_twice_in_vain_is_not_asked_for_again_for_half_a_minute(kept: Kept):
    for _ in range(2):
        assert not kept.has("retired")
        kept.after(COOLDOWN)
    assert kept.source.fetches == 3

    assert not kept.has("retired")
    kept.after(15)
    assert not kept.has("retired")
    assert kept.source.fetches == 3

    kept.after(5)
    assert not kept.has("retired")
    assert kept.source.fetches == 4


def test_the_first_fetch_does_not_start_the_cooldown():
    kept = Kept()
    kept.store.current()
    kept.source.jwks = ROTATED

    assert kept.has("new")


def ask_from_fifty_threads(kept: Kept, kid: str) -> list[bool]:
    """All of them ask before Keycloak answers the first."""
    kept.store._patience = 20
    kept.source.gate.clear()
    kept.source.asked.clear()
    answers: list[bool] = []
    threads = [threading.Thread(target=lambda: answers.append(kept.has(kid))) for _ in range(50)]
    for thread in threads:
        thread.start()
    assert kept.source.asked.wait(20)
    kept.source.gate.set()
    for thread in threads:
        thread.join(20)
    return answers


def test_fifty_threads_before_the_first_keys_share_one_fetch():
    kept = Kept(in_thread)

    assert ask_from_fifty_threads(kept, "rsa") == [True] * 50
    assert kept.source.fetches == 1


def test_fifty_threads_with_a_new_kid_share_one_fetch():
    kept = Kept(in_thread)
    kept.store._patience = 20
    kept.store.current()
    kept.source.jwks = ROTATED

    assert ask_from_fifty_threads(kept, "new") == [True] * 50
    assert kept.source.fetches == 2


def test_known_keys_are_served_while_keycloak_is_down_for_hours(kept: Kept):
    kept.source.failure = "ConnectTimeout"

    for _ in range(100):
        assert "rsa" in kept.after(600).current().by_kid


def test_keys_older_than_the_limit_are_not_served(kept: Kept):
    kept.source.failure = "ConnectTimeout"

    assert kept.after(MAX_STALE - 1).current()
    with pytest.raises(KeysUnavailable):
        kept.after(1).current()


def test_keys_that_were_too_old_come_back_with_keycloak(kept: Kept):
    kept.source.failure = "ConnectTimeout"
    kept.after(MAX_STALE)
    with pytest.raises(KeysUnavailable):
        kept.store.current()
    kept.source.failure = ""

    assert kept.after(COOLDOWN).current()
    assert kept.store.ping() is None


def test_a_short_limit_still_leaves_room_for_a_refresh():
    kept = Kept(ttl=300, max_stale=20)
    kept.store.current()

    for _ in range(10):
        assert kept.after(10).current()


def test_while_keycloak_is_down_it_is_asked_once_in_a_cooldown(kept: Kept):
    kept.source.failure = "ConnectTimeout"

    for _ in range(100):
        kept.after(3).current()
    kept.clock.now += TTL
    before = kept.source.fetches
    for _ in range(30):
        kept.after(1).current()

    assert kept.source.fetches - before == 3


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param({}, id="no keys member"),
        pytest.param({"keys": None}, id="keys null"),
        pytest.param({"keys": {}}, id="keys an object"),
        pytest.param({"keys": []}, id="no keys"),
        pytest.param({"keys": [{}, 1, None, "key", []]}, id="nothing that is a key"),
        pytest.param({"keys": [rsa_jwk("rsa", use="enc")]}, id="only encryption keys"),
        pytest.param({"keys": [{"kty": "XYZ", "kid": "x", "alg": "RS256"}]}, id="only an unknown type"),
    ],
)
def test_garbage_never_replaces_good_keys(kept: Kept, garbage: dict[str, object]):
    before = kept.store.current()
    kept.source.jwks = garbage

    assert kept.after(TTL).current() is before


def test_before_the_first_keys_the_answer_is_that_keys_are_unavailable_and_when_to_come_again():
    kept = Kept()
    kept.source.failure = "ConnectionError"

    with pytest.raises(KeysUnavailable) as refused:
        kept.store.having("rsa")

    assert refused.value.retry_after == 3.0
    assert "partners" in refused.value.reason


def test_before_the_first_keys_a_flood_costs_a_fetch_in_three_seconds():
    kept = Kept()
    kept.source.failure = "ConnectionError"

    for _ in range(60):
        with pytest.raises(KeysUnavailable):
            kept.after(0.1).current()

    assert kept.source.fetches == 2


def test_a_first_request_waits_a_moment_for_the_fetch_that_is_under_way():
    kept = Kept(in_thread)
    kept.source.gate.clear()
    kept.store._patience = 20
    answers: list[RealmKeys] = []
    thread = threading.Thread(target=lambda: answers.append(kept.store.current()))

    thread.start()
    assert kept.source.asked.wait(20)
    kept.source.gate.set()
    thread.join(20)

    assert "rsa" in answers[0].by_kid


def test_a_first_request_does_not_wait_for_a_fetch_that_hangs():
    later = Later()
    kept = Kept(later)

    with pytest.raises(KeysUnavailable):
        kept.store.current()


def test_a_new_kid_does_not_wait_for_a_fetch_that_hangs():
    kept = warm(Later())

    with pytest.raises(KeysUnavailable, match="being fetched") as refused:
        kept.store.having("new")
    assert refused.value.retry_after == 1.0
    assert kept.has("rsa")


def test_a_fetch_that_never_ends_is_given_up_and_cannot_bring_back_old_keys():
    later = Later()
    kept = warm(later)
    kept.after(TTL).current()
    hanging = later.work.pop()
    old = kept.source.jwks

    kept.source.jwks = {"keys": [rsa_jwk("new")]}
    kept.after(LOST_SECONDS).current()
    later.run()
    kept.source.jwks = old
    hanging()

    assert set(kept.store.current().by_kid) == {"new"}


def test_a_process_that_can_make_no_thread_fails_that_fetch_and_goes_on(kept: Kept):
    def no_thread(work: Callable[[], None]) -> None:
        raise RuntimeError("can't start new thread")

    kept.store._spawn = no_thread
    assert kept.after(TTL).current()
    kept.store._spawn = at_once

    assert kept.after(COOLDOWN).current()
    assert kept.source.fetches == 2


def test_the_start_returns_at_once_and_goes_on_until_keycloak_is_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.auth.jwks._POLL_SECONDS", 0.005)
    kept = Kept(in_thread)
    kept.source.failure = "ConnectionError"
    kept.source.failures_left = 3
    # Each look at the clock finds it a second later.
    kept.store._clock = itertools.count(0.0, 1.0).__next__

    kept.store.start()

    assert kept.source.answered.wait(20)
    assert kept.source.fetches == 4


def test_a_closed_store_stops_to_ask():
    later = Later()
    kept = Kept(later)
    kept.source.failure = "ConnectionError"
    kept.store.close()
    kept.store.start()

    later.run()

    assert kept.source.fetches == 1


def test_the_store_says_whether_tokens_can_be_verified():
    kept = Kept()
    kept.source.failure = "ConnectionError"

    assert isinstance(kept.store.ping(), KeysUnavailable)
    kept.source.failure = ""
    assert kept.after(COOLDOWN).ping() is None


def test_the_age_tells_how_long_ago_keycloak_gave_the_keys(kept: Kept):
    kept.source.failure = "status 500"

    assert kept.after(40).age_seconds() == 40
    assert Kept().store.age_seconds() == float("inf")


def test_a_change_of_state_is_logged_once(kept: Kept, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    kept.source.failure = "status 503"
    for _ in range(10):
        kept.after(TTL).current()
    kept.source.failure = ""
    kept.source.jwks = {"keys": [ec_jwk("ec"), ed_jwk("ed")]}
    for _ in range(3):
        kept.after(TTL).current()

    assert [record.message for record in caplog.records] == [
        "jwks_fetch_failed",
        "realm_keys_changed",
        "jwks_fetch_recovered",
    ]


def test_a_new_not_before_policy_is_a_new_state(kept: Kept):
    before = kept.store.current()
    kept.source.not_before = 1_700_000_000

    after = kept.after(TTL).current()

    assert after is not before
    assert after.not_before == 1_700_000_000
