"""What is wrong with the settings is told at once, each on a line with its value, and no secret with it."""

from __future__ import annotations

import pytest

from gateway.settings import SettingsError, load, unknown_variables
from gateway.settings.field import Fault
from tests.doubles.certificates import Authority
from tests.unit.gateway.settings_given import REQUIRED, lines_of


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"^GATEWAY_REDIS_URL_FILE: cannot be read"):
        load(REQUIRED | {"GATEWAY_REDIS_URL_FILE": str(tmp_path / "none")})


def test_a_secret_file_that_is_no_text_is_named_and_not_shown(tmp_path):
    path = tmp_path / "secret"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(SettingsError, match=r"^GATEWAY_REDIS_URL_FILE: must be UTF-8 text$"):
        load(REQUIRED | {"GATEWAY_REDIS_URL_FILE": str(path)})


def test_secrets_are_not_shown():
    settings = load(REQUIRED | {"GATEWAY_REDIS_URL": "redis://:hush@localhost"})

    assert "hush" not in repr(settings)


def test_a_misspelt_variable_is_reported_with_the_nearest_name():
    found = dict(unknown_variables({"GATEWAY_BATCH_DEADLIN": "1", "GATEWAY_REDIS_URL_FILE": "x", "PATH": "/"}))

    assert found == {"GATEWAY_BATCH_DEADLIN": "GATEWAY_BATCH_DEADLINE"}


def test_a_slip_in_a_name_is_told_beside_the_setting_that_it_leaves_unset():
    given = {name: value for name, value in REQUIRED.items() if name != "GATEWAY_KEYCLOAK_REALM"}

    assert lines_of(given | {"GATEWAY_KEYCLOAK_RELAM": "partners", "GATEWAY_SERVICE_HOST": "10.0.0.1"}) == [
        "GATEWAY_KEYCLOAK_REALM: not set. Realm, or realms, whose tokens are accepted.",
        "GATEWAY_KEYCLOAK_RELAM: there is no such setting; the nearest is GATEWAY_KEYCLOAK_REALM",
    ]


def test_a_slip_alone_stops_nothing():
    assert load(REQUIRED | {"GATEWAY_BATCH_DEADLIN": "3"}).budgets.batch_deadline == 25


def test_a_file_for_a_setting_that_is_no_secret_is_told_so():
    assert lines_of(REQUIRED | {"GATEWAY_WORKERS": "0", "GATEWAY_CORE_URL_FILE": "/run/core"})[1:] == [
        "GATEWAY_CORE_URL_FILE: only secrets take _FILE; the nearest is GATEWAY_CORE_URL"
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[core]\n", "update is missing"),
        ("[update", "is not TOML: "),
    ],
)
def test_a_map_of_the_core_that_is_none_is_told_with_the_rest(tmp_path, text, reason):
    path = tmp_path / "core.toml"
    path.write_text(text, encoding="utf-8")

    [first, second] = lines_of(REQUIRED | {"GATEWAY_CORE_MAP": str(path), "GATEWAY_WORKERS": "none"})

    assert first.startswith(f"GATEWAY_CORE_MAP: must be a map of the core ({reason}")
    assert first.endswith(f"; it is '{path}'")
    assert second == "GATEWAY_WORKERS: must be a whole number; it is 'none'"


def test_what_files_the_environment_and_other_settings_make_wrong_is_told_at_once_with_its_value(files, monkeypatch):
    header = files.folder / "header"
    header.write_text("no header")
    other = Authority(files.folder, "other").issue("other.test")
    monkeypatch.setenv("https_proxy", "socks5://name:hush@p:1")
    bad = {
        "GATEWAY_CORE_AUTH": "static",
        "GATEWAY_CORE_AUTH_FILE": str(header),
        "GATEWAY_CORE_CERT_FILE": files.issued.cert_file,
        "GATEWAY_CORE_KEY_FILE": other.key_file,
        "GATEWAY_CORE_TRANSPORT": "sessions",
        "GATEWAY_CORE_PROXY": "http://p:3128",
        "GATEWAY_KEYCLOAK_PROXY": "environment",
        "GATEWAY_REDIS_URL": "redis://:hush@redis.test/0?colour=red",
    }

    assert lines_of(REQUIRED | bad) == [
        f"GATEWAY_CORE_AUTH_FILE: must be one header line, `Name: value`; it is '{header}'",
        f"GATEWAY_CORE_KEY_FILE: must hold the private key of the certificate (PEM, not encrypted); it is '{other.key_file}'",
        "GATEWAY_CORE_PROXY: must be empty unless GATEWAY_CORE_TRANSPORT is hub; it is 'http://p:3128'",
        "GATEWAY_KEYCLOAK_PROXY: the environment's proxy must be environment or an http:// URL; it is 'environment'",
        (
            "GATEWAY_REDIS_URL: must have no options but client_name, db, health_check_interval, protocol, sentinel_password,"
            " sentinel_username, socket_keepalive, ssl_ca_certs, ssl_ca_path, ssl_cert_reqs, ssl_certfile, ssl_check_hostname,"
            " ssl_keyfile, ssl_password"
        ),
    ]


@pytest.mark.parametrize("options", ["ssl_keyfile=/k", "ssl_certfile=&ssl_keyfile=/k"])
def test_a_key_for_redis_without_its_certificate_is_refused(options):
    [line] = lines_of(REQUIRED | {"GATEWAY_REDIS_URL": f"rediss://redis.test/0?{options}"})

    assert line == "GATEWAY_REDIS_URL: must have ssl_certfile where it has ssl_keyfile"


@pytest.mark.parametrize("content", [b"X: " + b"a" * 8190, b"X: " + b"a" * 1_000_000, b"\n" * 9000 + b"X: a"])
def test_a_header_for_the_core_that_no_server_takes_is_refused(tmp_path, content):
    header = tmp_path / "header"
    header.write_bytes(content)

    [line] = lines_of(REQUIRED | {"GATEWAY_CORE_AUTH": "static", "GATEWAY_CORE_AUTH_FILE": str(header)})

    assert line == f"GATEWAY_CORE_AUTH_FILE: must be one header line of at most 8192 bytes; it is '{header}'"


def test_what_else_is_wrong_where_the_settings_are_used_is_told_with_the_rest():
    def also(settings):
        yield Fault("state_dir", "cannot be written to", value=str(settings.stores.state_dir))

    with pytest.raises(SettingsError) as caught:
        load(REQUIRED | {"GATEWAY_STATE_DIR": "/s", "GATEWAY_WORKERS": "none"}, also)

    assert list(caught.value.lines) == [
        "GATEWAY_WORKERS: must be a whole number; it is 'none'",
        "GATEWAY_STATE_DIR: cannot be written to; it is '/s'",
    ]


def test_every_bad_setting_is_told_at_once_each_on_a_line_of_its_own_with_its_value(tmp_path):
    keys = tmp_path / "keys.json"
    keys.write_text('{"keys": [{"id": 5}]}')
    bad = {
        "GATEWAY_CORE_URL": "core\n.test",
        "GATEWAY_KEYCLOAK_AUDIENCE": "",
        "GATEWAY_CORE_AUTH": "static",
        "GATEWAY_CORE_CONCURRENCY": "many",
        "GATEWAY_DRAIN_DELAY": "5",
        "GATEWAY_GRACEFUL_TIMEOUT": "4",
        "GATEWAY_API_KEYS_FILE": str(keys),
    }

    assert lines_of(REQUIRED | bad) == [
        "GATEWAY_CORE_URL: must be an http:// or https:// URL without blanks; it is 'core\\n.test'",
        "GATEWAY_CORE_CONCURRENCY: must be a whole number; it is 'many'",
        "GATEWAY_KEYCLOAK_AUDIENCE: must not be empty",
        f"GATEWAY_API_KEYS_FILE: must be a file of API keys (key 1: missing field: name, hash, scopes); it is '{keys}'",
        "GATEWAY_CORE_AUTH_FILE: not set, but needed by GATEWAY_CORE_AUTH=static",
        "GATEWAY_GRACEFUL_TIMEOUT: must be larger than GATEWAY_REQUEST_DEADLINE, which is 37 s; it is 4 s",
    ]


def test_what_a_bad_value_would_bring_about_is_not_told_beside_it():
    [line] = lines_of(REQUIRED | {"GATEWAY_BATCH_DEADLINE": "soon", "GATEWAY_REQUEST_DEADLINE": "20"})

    assert line == "GATEWAY_BATCH_DEADLINE: must be a number; it is 'soon'"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "hush"),
        ("CORE_URL", "ftp://user:hu/sh@core.test"),
        ("CORE_URL", "https://core.test/?token=hush"),
        ("KEYCLOAK_URL", "user:hush@keycloak.test"),
        ("REDIS_URL_FILE", "hush"),
    ],
)
def test_a_bad_value_is_not_shown_where_it_may_hold_a_secret(name, value):
    [line] = lines_of(REQUIRED | {f"GATEWAY_{name}": value})

    assert "hush" not in line
    assert "hu/sh" not in line


def test_a_long_value_is_shown_in_part():
    [line] = lines_of(REQUIRED | {"GATEWAY_CORE_AUTH": "x" * 10_000})

    assert len(line) < 300


def test_a_secret_that_is_set_twice_is_refused(tmp_path):
    path = tmp_path / "secret"
    path.write_text("redis://file.test")

    [line] = lines_of(
        REQUIRED | {"GATEWAY_REDIS_URL": "redis://value.test", "GATEWAY_REDIS_URL_FILE": str(path)},
    )

    assert line == "GATEWAY_REDIS_URL: must not be set beside GATEWAY_REDIS_URL_FILE; take one of the two away"


def test_an_empty_name_of_a_secrets_file_means_that_there_is_none():
    assert load(REQUIRED | {"GATEWAY_REDIS_URL_FILE": ""}).stores.redis_url == ""
    assert (
        load(REQUIRED | {"GATEWAY_REDIS_URL_FILE": "", "GATEWAY_REDIS_URL": "redis://r.test"}).stores.redis_url
        == "redis://r.test"
    )


def test_a_value_that_an_orchestrator_sets_for_a_service_is_named_as_such():
    [line] = lines_of(REQUIRED | {"GATEWAY_METRICS_PORT": "tcp://10.0.0.1:9090"})

    assert line.startswith(
        "GATEWAY_METRICS_PORT: must be a whole number; it is 'tcp://10.0.0.1:9090', the form in which"
    )
    assert "enableServiceLinks: false" in line


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("GATEWAY_XYZZY", ""),
        ("GATEWAY_SERVICE_HOST", ""),
        ("GATEWAY_PORT", ""),
        ("GATEWAY_BATCH_DEADLIN", "GATEWAY_BATCH_DEADLINE"),
        ("GATEWAY_REDIS_URL_FIL", "GATEWAY_REDIS_URL_FILE"),
        ("GATEWAY_WORKER", "GATEWAY_WORKERS"),
        ("GATEWAY_KEYCLOAK_REALMS", "GATEWAY_KEYCLOAK_REALM"),
        ("GATEWAY_KEYCLOAK_URL_FILE", "GATEWAY_KEYCLOAK_URL"),
        ("GATEWAY_CORE_URL_FILE", "GATEWAY_CORE_URL"),
    ],
)
def test_an_unknown_name_is_likened_to_one_that_it_is_a_slip_of_and_to_no_other(name, nearest):
    assert list(unknown_variables({name: "1"})) == [(name, nearest)]
