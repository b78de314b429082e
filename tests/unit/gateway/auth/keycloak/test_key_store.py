"""The life of a realm's keys: fetched once, refreshed beside the requests, withdrawn."""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING

from gateway.auth.errors import KeysUnavailable
from gateway.auth.keycloak.key_store import in_thread
from tests.doubles.issuer import JWKS, ec_jwk, ed_jwk, rsa_jwk
from tests.unit.gateway.auth.kept_keys import COOLDOWN, ROTATED, TTL, Kept, Later, warm

if TYPE_CHECKING:
    import pytest


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


def test_the_start_returns_at_once_and_goes_on_until_keycloak_is_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.auth.keycloak.key_store._POLL_SECONDS", 0.005)
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


def test_it_says_why_keycloak_did_not_give_its_keys(caplog: pytest.LogCaptureFixture):
    kept = Kept()
    kept.source.failure = "ECONNREFUSED, keycloak.test:443"

    assert kept.store.ping().reason == "no keys held: ECONNREFUSED, keycloak.test:443 (partners)"
    kept.source.failure = "status 500"
    assert kept.after(COOLDOWN).ping().reason == "no keys held: status 500 (partners)"
    assert kept.store.problem() == "status 500"
    assert [record.reason for record in caplog.records if record.message == "jwks_fetch_failed"] == [
        "ECONNREFUSED, keycloak.test:443",
        "status 500",
    ]
    kept.source.failure = ""
    assert kept.after(COOLDOWN).ping() is None
    assert kept.store.problem() == ""


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
