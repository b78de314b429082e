"""Keycloak down, slow or answering nonsense: good keys are served on, and no request waits for long."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from gateway.auth.errors import KeysUnavailable
from gateway.auth.keycloak.key_store import LOST_SECONDS, in_thread
from tests.doubles.issuer import at_once, rsa_jwk
from tests.unit.gateway.auth.kept_keys import COOLDOWN, MAX_STALE, TTL, Kept, Later, warm

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.auth.keycloak.signing_keys import RealmKeys


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
    kept.store._wait_seconds = 20
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
