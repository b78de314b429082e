"""Settings come from the environment, checked at start, and a bad one is named in one line."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.admission.rates.limits import parse_rate
from gateway.auth.keycloak.signing_keys import ALGORITHMS
from gateway.settings import GROUPS, SettingsError, all_settings, load, service, stores, unknown_variables, variable
from gateway.settings.access import AccessSettings
from gateway.settings.field import Fault
from tests.doubles.certificates import Authority

REQUIRED = {
    "GATEWAY_CORE_URL": "http://core.test:8080/",
    "GATEWAY_KEYCLOAK_URL": "https://keycloak.test",
    "GATEWAY_KEYCLOAK_REALM": "partners",
    "GATEWAY_KEYCLOAK_AUDIENCE": "gateway",
}


def lines_of(environ):
    with pytest.raises(SettingsError) as caught:
        load(environ)
    assert str(caught.value).split("\n") == list(caught.value.lines)
    return list(caught.value.lines)


def value_of(settings, name):
    """A setting by its name, whatever its group."""
    [group] = [
        group for group, kind in GROUPS.items() if name in {setting.name for setting in dataclasses.fields(kind)}
    ]
    return getattr(getattr(settings, group), name)


def test_no_two_groups_have_a_setting_in_common():
    names = [setting.name for setting in all_settings()]

    assert len(names) == len(set(names))


def test_the_required_variables_are_enough():
    settings = load(REQUIRED)

    assert settings.core.core_url == "http://core.test:8080"
    assert settings.access.keycloak_realm == ("partners",)
    assert settings.service.max_batch_items == 1000


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
        ("GATEWAY_RETRY_BUDGET", "2", "at least 0 and at most 1"),
        ("GATEWAY_CIRCUIT_ENABLED", "maybe", "must be true or false"),
        ("GATEWAY_REQUEST_DEADLINE", "3", "must be larger than GATEWAY_BATCH_DEADLINE"),
        ("GATEWAY_GRACEFUL_TIMEOUT", "3", "must be larger than GATEWAY_REQUEST_DEADLINE"),
        ("GATEWAY_KEYCLOAK_ISSUER", "https://a,https://b", "one issuer for each realm"),
        ("GATEWAY_CORE_KEY_FILE", __file__, "needed by GATEWAY_CORE_KEY_FILE"),
        ("GATEWAY_CORE_URL", "http://h:99999", "a port from 1 to 65535"),
        ("GATEWAY_CORE_URL", "http://h:0", "http:// or https://"),
        ("GATEWAY_CORE_URL", "http://h:port", "a port from 1 to 65535"),
        ("GATEWAY_CORE_URL", "http://[::1", "a host and a port"),
        ("GATEWAY_CORE_URL", "http://core\t.test", "without blanks"),
        ("GATEWAY_CORE_URL", "http://user:hush@core.test", "without user and password"),
        ("GATEWAY_KEYCLOAK_URL", "https://hush@keycloak.test", "without user and password"),
        ("GATEWAY_CORE_CA_FILE", "/nope", "can be read .No such file or directory"),
        ("GATEWAY_CORE_CA_FILE", __file__, "a PEM file with a certificate"),
        ("GATEWAY_KEYCLOAK_CA_FILE", "/nope", "can be read .No such file or directory"),
        ("GATEWAY_KEYCLOAK_CA_FILE", __file__, "a PEM file with a certificate"),
        ("GATEWAY_CORE_CERT_FILE", "/nope", "can be read .No such file or directory"),
        ("GATEWAY_CORE_CERT_FILE", __file__, "a PEM file with a certificate"),
        ("GATEWAY_CORE_KEY_FILE", "/nope", "can be read .No such file or directory"),
        ("GATEWAY_CORE_AUTH_FILE", "/nope", "can be read .No such file or directory"),
        ("GATEWAY_API_KEYS_FILE", "/", "file of API keys .Is a directory"),
        ("GATEWAY_API_KEYS_FILE", __file__, "file of API keys .Extra data: line 1"),
        ("GATEWAY_RATE_LIMIT", "100", "COUNT/second, COUNT/minute or COUNT/hour"),
        ("GATEWAY_KEY_RATE_LIMIT", "0/minute", "a whole number from 1"),
        ("GATEWAY_KEY_RATE_LIMIT", "5 per minute", "COUNT/minute"),
        ("GATEWAY_REDIS_URL", "foo", "redis://HOST:PORT/DB"),
        ("GATEWAY_REDIS_URL", "http://redis.test", "redis://HOST:PORT/DB"),
        ("GATEWAY_REDIS_URL", "redis://:hush@redis.test:port", "a port from 1 to 65535"),
        ("GATEWAY_REDIS_URL", "redis://:hush@redis.test/zero", "redis://HOST:PORT/DB"),
        ("GATEWAY_REDIS_URL", "unix://", "unix:///PATH"),
        ("GATEWAY_REDIS_URL", "redis+sentinel://u:hush@s1,s2", "HOST:PORT,HOST:PORT/SERVICE"),
        ("GATEWAY_REDIS_URL", "redis+sentinel://u:hush@s1:port/updates", "a port from 1 to 65535"),
        ("GATEWAY_REDIS_URL", "redis+sentinel://u:hush@s1,,s2/updates", "each with a host"),
        ("GATEWAY_REDIS_URL", "redis+sentinel://u:hush@s1/updates/zero", "HOST:PORT,HOST:PORT/SERVICE"),
        ("GATEWAY_IDEMPOTENCY_TTL", "2", "at least 60"),
        ("GATEWAY_JWT_ALGORITHMS", "RS256,HS256", "some of: RS256"),
        ("GATEWAY_JWT_ALGORITHMS", ",", "must not be empty"),
        ("GATEWAY_CORE_DEADLINE_HEADER", "a b", "a header's name"),
        ("GATEWAY_CORE_DEADLINE_HEADER", "a:", "a header's name"),
        ("GATEWAY_REQUIRED_ROLE", 'a"b', "without quotes and backslashes"),
        ("GATEWAY_REQUIRED_ROLE", "a\\b", "without quotes and backslashes"),
        ("GATEWAY_REQUIRED_ROLE", "rôle", "printable ASCII"),
        ("GATEWAY_REQUIRED_SCOPE", 'a"b', "one scope"),
        ("GATEWAY_REQUIRED_SCOPE", "a\\b", "one scope"),
        ("GATEWAY_REQUIRED_SCOPE", "a b", "one scope"),
        ("GATEWAY_BIND", "abc", "HOST:PORT"),
        ("GATEWAY_BIND", "8000", "HOST:PORT"),
        ("GATEWAY_BIND", "127.0.0.1:70000", "a port up to 65535"),
        ("GATEWAY_BIND", "::1:8000", "HOST:PORT"),
        ("GATEWAY_BIND", "fd://one", "fd://NUMBER"),
        ("GATEWAY_BIND", "unix:/nope/socket", "a folder that exists"),
        ("GATEWAY_BIND", f"unix:{__file__}", "nothing there but a socket"),
        ("GATEWAY_METRICS_BIND", "127.0.0.1:9090", "without a port"),
        ("GATEWAY_ITEM_DEADLINE", "60", "at most GATEWAY_BATCH_DEADLINE, which is 25 s"),
        ("GATEWAY_CORE_TIMEOUT", "50", "at most GATEWAY_ITEM_DEADLINE, which is 15 s"),
        ("GATEWAY_CORE_URL", "", "without blanks; it is empty$|URL; it is empty$"),
        ("GATEWAY_REQUIRED_ROLE", " ", "printable ASCII without quotes and backslashes; it is empty$"),
        ("GATEWAY_WORKERS", "1" + "0" * 400, "at least 1 and at most 1024; it is '10"),
        ("GATEWAY_WORKERS", "1" + "0" * 5000, "at least 1 and at most 1024; it is '10"),
        ("GATEWAY_WORKERS", "-1" + "0" * 400, "at least 1 and at most 1024; it is '-10"),
        ("GATEWAY_CORE_TIMEOUT", "1" + "0" * 400, "at least 0.01 and at most 3600; it is '10"),
        ("GATEWAY_MAX_BATCH_ITEMS", "1_0", "must be a whole number; it is '1_0'"),
        ("GATEWAY_MAX_BATCH_ITEMS", "٣", "must be a whole number; it is '٣'"),
        ("GATEWAY_CORE_TIMEOUT", "1_0", "must be a number; it is '1_0'"),
        ("GATEWAY_CORE_TIMEOUT", "٣", "must be a number; it is '٣'"),
        ("GATEWAY_BIND", "127.0.0.1:٣٣٣٣", "HOST:PORT"),
        ("GATEWAY_BIND", "fd://٣", "fd://NUMBER"),
        ("GATEWAY_REDIS_URL", "redis://redis.test/٣", "redis://HOST:PORT/DB"),
        ("GATEWAY_KEYCLOAK_REALM", "..", "must be names of realms"),
        ("GATEWAY_KEYCLOAK_REALM", "good,.", "must be names of realms"),
        ("GATEWAY_KEYCLOAK_REALM", "a/b", "must be names of realms, without blanks and /"),
        ("GATEWAY_KEYCLOAK_REALM", "a?b", "must be names of realms"),
        ("GATEWAY_KEYCLOAK_REALM", "a b", "must be names of realms"),
        ("GATEWAY_KEYCLOAK_REALM", "a,a", "must name each once; it is 'a,a'"),
        ("GATEWAY_LANGUAGES", "en,en", "must name each once; it is 'en,en'"),
        ("GATEWAY_LANGUAGES", "en,../x", "language tags, such as en or pt-BR; it is 'en,../x'"),
        ("GATEWAY_LANGUAGES", "en.x", "language tags"),
        ("GATEWAY_KEYS_COOLDOWN", "0.5", "at least 1 and at most 3600"),
        ("GATEWAY_KEYS_TTL", "50000", "at most half of GATEWAY_KEYS_MAX_STALE, which is 86400 s; it is 50000 s"),
        ("GATEWAY_MAX_HELD_BYTES", "100", "at least GATEWAY_MAX_BODY_BYTES, which is 5242880; it is 100"),
        ("GATEWAY_REDIS_URL", "redis://:hush@redis.test/0?colour=red", "no options but those of redis-py"),
    ],
)
def test_a_bad_value_stops_the_start_with_one_line(name, value, reason):
    with pytest.raises(SettingsError, match=reason) as caught:
        load(REQUIRED | {name: value})

    assert str(caught.value).startswith(f"{name}: " if "needed" not in reason else "GATEWAY_")
    assert "\n" not in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("auth", "needed"), [("static", "GATEWAY_CORE_AUTH_FILE"), ("client-credentials", "GATEWAY_CORE_CLIENT_ID")]
)
def test_a_setting_that_needs_another_says_which(auth, needed):
    line, *_ = lines_of(REQUIRED | {"GATEWAY_CORE_AUTH": auth})

    assert line == f"{needed}: not set, but needed by GATEWAY_CORE_AUTH={auth.replace('-', '_')}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CORE_URL", "https://[::1]:8443/base"),
        ("REDIS_URL", "redis://redis.test"),
        ("REDIS_URL", "rediss://user:p%40ss@redis.test:6380/0?ssl_cert_reqs=none"),
        ("REDIS_URL", "unix:///run/redis.sock?db=1"),
        ("REDIS_URL", "redis+sentinel://user:p%40ss@s1.test:26379,s2.test/updates/0?sentinel_password=x"),
        ("REDIS_URL", "rediss+sentinel://[::1]:26379/updates"),
        ("BIND", "0.0.0.0:8000"),
        ("BIND", ":8000"),
        ("BIND", "[::]:8000"),
        ("BIND", "localhost:0"),
        ("BIND", "fd://3"),
        ("BIND", "unix:/tmp/no-such-socket"),
        ("METRICS_BIND", "[::1]"),
        ("REQUIRED_ROLE", "may update"),
        ("REQUIRED_SCOPE", "actions:write"),
        ("CORE_DEADLINE_HEADER", "X-Deadline_1"),
        ("RATE_LIMIT", "100/second"),
    ],
)
def test_what_is_well_formed_is_taken_as_it_is(name, value):
    settings = load(REQUIRED | {f"GATEWAY_{name}": value})

    assert value_of(settings, name.lower()) == value


def test_every_algorithm_that_the_verifier_knows_may_be_set_and_no_other():
    with pytest.raises(SettingsError) as caught:
        load(REQUIRED | {"GATEWAY_JWT_ALGORITHMS": "none"})

    assert set(re.search(r"some of: ([\w, ]+); it is 'none'$", str(caught.value))[1].split(", ")) == ALGORITHMS
    assert set(AccessSettings.jwt_algorithms) < ALGORITHMS


@pytest.mark.parametrize("name", ["none", "HS256", "RSA1_5", "rs256", "ES256K"])
def test_an_algorithm_that_is_not_on_the_closed_list_stops_the_start(name):
    [line] = lines_of(REQUIRED | {"GATEWAY_JWT_ALGORITHMS": f"RS256,{name}"})

    assert line.startswith("GATEWAY_JWT_ALGORITHMS: must be some of: RS256, ")
    assert line.endswith(f"; it is 'RS256,{name}'")


@pytest.mark.parametrize("rate", ["1/second", "500/minute", "999999999999999999/hour", "1/day", "01/hour", "1/hour\n"])
def test_a_rate_is_a_setting_exactly_where_the_limiter_can_read_it(rate):
    def is_read(read):
        try:
            return bool(read(rate))
        except ValueError:
            return False

    assert is_read(stores._rate) == is_read(parse_rate)


def test_traces_cannot_be_asked_for_where_their_libraries_are_not_installed(monkeypatch):
    assert load(REQUIRED | {"GATEWAY_TRACES": "true"}).service.traces

    monkeypatch.setattr(service, "find_spec", lambda name: None)

    assert not load(REQUIRED | {"GATEWAY_TRACES": "false"}).service.traces
    with pytest.raises(SettingsError, match=r"^GATEWAY_TRACES: must be false unless the extra `traces` is installed"):
        load(REQUIRED | {"GATEWAY_TRACES": "true"})


def test_operators_and_the_public_cannot_share_a_port():
    shared = {"GATEWAY_BIND": "0.0.0.0:9090", "GATEWAY_METRICS_BIND": "127.0.0.1"}

    assert load(REQUIRED | shared).service.metrics == "path"
    with pytest.raises(SettingsError, match=r"^GATEWAY_METRICS_PORT: must differ from the port of GATEWAY_BIND"):
        load(REQUIRED | shared | {"GATEWAY_METRICS": "port"})


class Files:
    """A client certificate as its owner may have it."""

    def __init__(self, folder):
        self.folder = folder
        self.issued = Authority(folder).issue("client.test")

    def load(self, cert_file, key_file=""):
        settings = load(REQUIRED | {"GATEWAY_CORE_CERT_FILE": cert_file, "GATEWAY_CORE_KEY_FILE": key_file})
        return settings.core.core_cert_file, settings.core.core_key_file

    def joined(self):
        path = self.folder / "joined.pem"
        path.write_bytes(b"".join(Path(part).read_bytes() for part in (self.issued.cert_file, self.issued.key_file)))
        return str(path)

    def locked(self):
        path = self.folder / "locked.key"
        key = load_pem_private_key(Path(self.issued.key_file).read_bytes(), password=None)
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hush")))
        return str(path)


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


def test_a_client_certificate_comes_with_its_key_in_another_file_or_the_same(files):
    apart, joined = (files.issued.cert_file, files.issued.key_file), (files.joined(), "")

    assert files.load(*apart) == apart
    assert files.load(*joined) == joined


def test_a_client_certificate_without_its_own_key_is_refused_and_no_password_is_asked_for(files):
    cert_file = files.issued.cert_file
    other = Authority(files.folder, "other").issue("other.test")

    with pytest.raises(SettingsError, match=r"^GATEWAY_CORE_CERT_FILE: must hold the private key"):
        files.load(cert_file)
    for key_file in (other.key_file, files.locked(), cert_file):
        with pytest.raises(SettingsError, match=r"^GATEWAY_CORE_KEY_FILE: must hold the private key"):
            files.load(cert_file, key_file)


def test_inner_budgets_that_nobody_set_are_cut_to_the_outer_ones():
    settings = load(REQUIRED | {"GATEWAY_BATCH_DEADLINE": "2"})

    assert settings.budgets.core_timeout <= settings.budgets.item_deadline <= settings.budgets.batch_deadline == 2
    assert settings.budgets.batch_deadline < settings.budgets.request_deadline < settings.budgets.graceful_timeout


def test_a_secret_may_come_from_a_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text("hush\n")

    settings = load(REQUIRED | {"GATEWAY_CORE_CLIENT_SECRET_FILE": str(path)})

    assert settings.core.core_client_secret == "hush"


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


def test_an_empty_value_means_the_default():
    assert load(REQUIRED | {"GATEWAY_BATCH_DEADLINE": ""}).budgets.batch_deadline == 25


def test_a_misspelt_variable_is_reported_with_the_nearest_name():
    found = dict(unknown_variables({"GATEWAY_BATCH_DEADLIN": "1", "GATEWAY_REDIS_URL_FILE": "x", "PATH": "/"}))

    assert found == {"GATEWAY_BATCH_DEADLIN": "GATEWAY_BATCH_DEADLINE"}


def test_every_knob_says_what_it_does():
    for setting in all_settings():
        assert setting.metadata["help"].endswith("."), variable(setting.name)


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
        "GATEWAY_REDIS_URL: must have no options but those of redis-py",
    ]


@pytest.mark.parametrize("content", [b"X: " + b"a" * 8190, b"X: " + b"a" * 1_000_000, b"\n" * 9000 + b"X: a"])
def test_a_header_for_the_core_that_no_server_takes_is_refused(tmp_path, content):
    header = tmp_path / "header"
    header.write_bytes(content)

    [line] = lines_of(REQUIRED | {"GATEWAY_CORE_AUTH": "static", "GATEWAY_CORE_AUTH_FILE": str(header)})

    assert line == f"GATEWAY_CORE_AUTH_FILE: must be one header line of at most 8192 bytes; it is '{header}'"


def test_a_default_follows_what_was_set_around_it():
    assert load(REQUIRED | {"GATEWAY_MAX_BODY_BYTES": "100000000"}).service.max_held_bytes == 100_000_000
    assert load(REQUIRED | {"GATEWAY_KEYS_MAX_STALE": "60"}).access.keys_max_stale == 60


def test_what_else_is_wrong_where_the_settings_are_used_is_told_with_the_rest():
    def also(settings):
        yield Fault("state_dir", "cannot be written to", value=str(settings.stores.state_dir))

    with pytest.raises(SettingsError) as caught:
        load(REQUIRED | {"GATEWAY_STATE_DIR": "/s", "GATEWAY_WORKERS": "none"}, also)

    assert list(caught.value.lines) == [
        "GATEWAY_WORKERS: must be a whole number; it is 'none'",
        "GATEWAY_STATE_DIR: cannot be written to; it is '/s'",
    ]


@pytest.mark.parametrize("text", ["+5", "05"])
def test_a_number_may_have_a_sign_and_zeros(text):
    assert load(REQUIRED | {"GATEWAY_BATCH_CONCURRENCY": text}).core.batch_concurrency == 5


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


def test_every_number_has_a_least_and_a_most():
    unbounded = {
        setting.name
        for setting in all_settings()
        if setting.metadata["parse"] in (int, float) and None in (setting.metadata["least"], setting.metadata["most"])
    }

    assert unbounded == set()


@pytest.mark.parametrize(
    ("name", "value", "bounds"),
    [
        ("BATCH_DEADLINE", "1e12", "at least 0.05 and at most 3600"),
        ("WORKERS", "100000", "at least 1 and at most 1024"),
        ("MAX_BODY_BYTES", "1e9", "a whole number"),
        ("MAX_BODY_BYTES", "99999999999", "at least 1024 and at most 1073741824"),
        ("CORE_CONCURRENCY", "1000000", "at least 1 and at most 10000"),
    ],
)
def test_a_number_beyond_its_most_is_refused(name, value, bounds):
    assert lines_of(REQUIRED | {f"GATEWAY_{name}": value}) == [f"GATEWAY_{name}: must be {bounds}; it is '{value}'"]


def test_the_longest_budgets_of_all_still_nest():
    longest = {"BATCH_DEADLINE": "3600", "BODY_TIMEOUT": "600", "DRAIN_DELAY": "600"}

    settings = load(REQUIRED | {f"GATEWAY_{name}": value for name, value in longest.items()})

    assert (settings.budgets.request_deadline, settings.budgets.graceful_timeout) == (4202, 4804)


def test_more_than_four_workers_a_processor_need_a_word_that_they_are_meant():
    allowed = 4 * len(os.sched_getaffinity(0))

    assert load(REQUIRED | {"GATEWAY_WORKERS": str(allowed)}).service.workers == allowed
    [line] = lines_of(REQUIRED | {"GATEWAY_WORKERS": str(allowed + 1)})
    assert line.startswith(f"GATEWAY_WORKERS: must be at most {allowed}, four for each processor")
    meant = load(REQUIRED | {"GATEWAY_WORKERS": str(allowed + 1), "GATEWAY_MANY_WORKERS": "true"})
    assert meant.service.workers == allowed + 1


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
