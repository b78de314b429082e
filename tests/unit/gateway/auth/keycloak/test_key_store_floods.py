"""Keys that the store does not know yet: a new one is found, and a flood of made-up ones asks Keycloak seldom."""

from __future__ import annotations

import threading

import pytest

from gateway.auth.errors import KeysUnavailable
from gateway.auth.keycloak.key_store import in_thread
from tests.unit.gateway.auth.kept_keys import COOLDOWN, ROTATED, Kept


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
    kept.store._wait_seconds = 20
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
    kept.store._wait_seconds = 20
    kept.store.current()
    kept.source.jwks = ROTATED

    assert ask_from_fifty_threads(kept, "new") == [True] * 50
    assert kept.source.fetches == 2
