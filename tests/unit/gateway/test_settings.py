"""Settings come from the environment, checked at start, and a bad one is named in one line."""

from __future__ import annotations

import dataclasses

import pytest

from gateway.settings import Settings, SettingsError, load, unknown_variables, variable

REQUIRED = {
    "GATEWAY_CORE_URL": "http://core.test:8080/",
    "GATEWAY_KEYCLOAK_URL": "https://keycloak.test",
    "GATEWAY_KEYCLOAK_REALM": "partners",
    "GATEWAY_KEYCLOAK_AUDIENCE": "gateway",
}


def test_the_required_variables_are_enough():
    settings = load(REQUIRED)

    assert settings.core_url == "http://core.test:8080"
    assert settings.keycloak_realm == ("partners",)
    assert settings.max_batch_items == 1000


@pytest.mark.parametrize("missing", sorted(REQUIRED))
def test_a_missing_variable_stops_the_start_and_is_named(missing):
    environ = {name: value for name, value in REQUIRED.items() if name != missing}

    with pytest.raises(SettingsError, match=f"^{missing}: not set"):
        load(environ)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("GATEWAY_CORE_URL", "core.test", "http:// or https://"),
        ("GATEWAY_CORE_URL", "", "http:// or https://"),
        ("GATEWAY_KEYCLOAK_REALM", " , ", "must not be empty"),
        ("GATEWAY_KEYCLOAK_AUDIENCE", "", "must not be empty"),
        ("GATEWAY_CORE_AUTH", "magic", "one of: forward, client_credentials, static, none"),
        ("GATEWAY_CORE_TIMEOUT", "soon", "must be a number"),
        ("GATEWAY_CORE_TIMEOUT", "nan", "at least 0.01"),
        ("GATEWAY_CORE_TIMEOUT", "inf", "at least 0.01"),
        ("GATEWAY_CORE_TIMEOUT", "0", "at least 0.01"),
        ("GATEWAY_BATCH_CONCURRENCY", "2.5", "must be a whole number"),
        ("GATEWAY_BATCH_CONCURRENCY", "0", "at least 1"),
        ("GATEWAY_RETRY_BUDGET", "2", "between 0 and 1"),
        ("GATEWAY_CIRCUIT_ENABLED", "maybe", "must be true or false"),
        ("GATEWAY_REQUEST_DEADLINE", "3", "must be larger than GATEWAY_BATCH_DEADLINE"),
        ("GATEWAY_GRACEFUL_TIMEOUT", "3", "must be larger than GATEWAY_REQUEST_DEADLINE"),
        ("GATEWAY_KEYCLOAK_ISSUER", "https://a,https://b", "one issuer for each realm"),
        ("GATEWAY_CORE_KEY_FILE", "/key.pem", "needed by the other settings"),
    ],
)
def test_a_bad_value_stops_the_start_with_one_line(name, value, reason):
    with pytest.raises(SettingsError, match=reason) as caught:
        load(REQUIRED | {name: value})

    assert str(caught.value).startswith("GATEWAY_")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("auth", "needed"), [("static", "GATEWAY_CORE_AUTH_FILE"), ("client-credentials", "GATEWAY_CORE_CLIENT_ID")]
)
def test_a_setting_that_needs_another_says_which(auth, needed):
    with pytest.raises(SettingsError, match=f"^{needed}: needed"):
        load(REQUIRED | {"GATEWAY_CORE_AUTH": auth})


def test_inner_budgets_are_cut_to_the_outer_ones():
    settings = load(REQUIRED | {"GATEWAY_BATCH_DEADLINE": "2"})

    assert settings.core_timeout <= settings.item_deadline <= settings.batch_deadline == 2
    assert settings.batch_deadline < settings.request_deadline < settings.graceful_timeout


def test_a_secret_may_come_from_a_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text("hush\n")

    settings = load(REQUIRED | {"GATEWAY_CORE_CLIENT_SECRET_FILE": str(path)})

    assert settings.core_client_secret == "hush"


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"^GATEWAY_REDIS_URL_FILE: cannot be read"):
        load(REQUIRED | {"GATEWAY_REDIS_URL_FILE": str(tmp_path / "none")})


def test_secrets_are_not_shown():
    settings = load(REQUIRED | {"GATEWAY_REDIS_URL": "redis://:hush@localhost"})

    assert "hush" not in repr(settings)


def test_an_empty_value_means_the_default():
    assert load(REQUIRED | {"GATEWAY_BATCH_DEADLINE": ""}).batch_deadline == 25


def test_a_misspelt_variable_is_reported_with_the_nearest_name():
    found = dict(unknown_variables({"GATEWAY_BATCH_DEADLIN": "1", "GATEWAY_REDIS_URL_FILE": "x", "PATH": "/"}))

    assert found == {"GATEWAY_BATCH_DEADLIN": "GATEWAY_BATCH_DEADLINE"}


def test_every_knob_says_what_it_does():
    for knob in dataclasses.fields(Settings):
        assert knob.metadata["help"].endswith("."), variable(knob.name)
