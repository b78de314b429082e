"""The settings in force are told as one sets them, without a secret, and the proxies with them."""

from __future__ import annotations

import pytest

from gateway.settings import all_settings, load, variable
from gateway.settings.effective import effective, proxies
from tests.unit.gateway.settings_given import REQUIRED


def test_every_setting_is_told_as_one_would_set_it():
    given = {"GATEWAY_LANGUAGES": "en, fr", "GATEWAY_TRACES": "no", "GATEWAY_BATCH_DEADLINE": "12.50"}

    told = effective(load(REQUIRED | given))

    assert set(told) == {variable(setting.name) for setting in all_settings()}
    assert told["GATEWAY_LANGUAGES"] == "en,fr"
    assert told["GATEWAY_TRACES"] == "false"
    assert told["GATEWAY_BATCH_DEADLINE"] == "12.5"
    assert told["GATEWAY_CORE_URL"] == "http://core.test:8080"


def test_what_is_told_can_be_set_again():
    settings = load(REQUIRED | {"GATEWAY_STATE_DIR": "/s", "GATEWAY_RATE_LIMIT": "10/minute"})

    assert load({name: value for name, value in effective(settings).items() if value}) == settings


def test_of_a_secret_only_whether_there_is_one_is_told():
    told = effective(load(REQUIRED | {"GATEWAY_REDIS_URL": "redis://:hush@redis.test"}))

    assert told["GATEWAY_REDIS_URL"] == "…"
    assert told["GATEWAY_CORE_CLIENT_SECRET"] == ""


@pytest.fixture
def bare(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def test_a_proxy_of_the_environment_that_nobody_asked_for_is_told_to_count_for_nothing(bare):
    assert proxies(load(REQUIRED)) == {"core": "none", "keycloak": "none"}

    bare.setenv("HTTPS_PROXY", "http://user:hush@p.test:3128")
    bare.setenv("no_proxy", "core.test")

    assert proxies(load(REQUIRED)) == {"core": "none", "keycloak": "none", "ignored": "HTTPS_PROXY,no_proxy"}


def test_the_proxy_in_force_is_told_for_each(bare):
    bare.setenv("https_proxy", "http://p.test:3128")
    given = {"GATEWAY_KEYCLOAK_PROXY": "environment", "GATEWAY_CORE_PROXY": "http://other.test:8080"}

    assert proxies(load(REQUIRED | given)) == {"core": "http://other.test:8080", "keycloak": "http://p.test:3128"}
