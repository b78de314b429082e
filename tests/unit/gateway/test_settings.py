"""Settings come from the environment, checked at start, and a bad one is named in one line."""

from __future__ import annotations

import dataclasses
import re

import pytest

from gateway.admission.rates.limits import parse_rate
from gateway.auth.keycloak.signing_keys import ALGORITHMS
from gateway.settings import GROUPS, SettingsError, all_settings, load, load_kept, service, stores, variable
from gateway.settings.access import AccessSettings
from tests.doubles.certificates import Authority
from tests.unit.gateway.settings_given import REQUIRED, lines_of


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
        ("GATEWAY_REDIS_URL", "redis://:hush@redis.test/0?colour=red", "must have no options but client_name"),
        # Of bytes, claims are made; as texts, a batch that runs would be begun once more.
        ("GATEWAY_REDIS_URL", "redis://redis.test/0?decode_responses=true", "must have no options but client_name"),
        ("GATEWAY_REDIS_URL", "redis://redis.test/0?retry=5", "must have no options but client_name"),
        ("GATEWAY_REDIS_URL", "redis://redis.test/0?socket_timeout=", "must have no options but client_name"),
        ("GATEWAY_REDIS_URL", "redis://redis.test/0?protocol=9", "values that redis-py takes"),
        ("GATEWAY_REDIS_URL", "rediss://redis.test/0?ssl_cert_reqs=bogus", "values that redis-py takes"),
        ("GATEWAY_BIND", "unix:/" + "x" * 300 + "/s", "must be a path in a folder that exists"),
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


def test_an_empty_value_means_the_default():
    assert load(REQUIRED | {"GATEWAY_BATCH_DEADLINE": ""}).budgets.batch_deadline == 25


def test_every_knob_says_what_it_does():
    for setting in all_settings():
        assert setting.metadata["help"].endswith("."), variable(setting.name)


def test_a_default_follows_what_was_set_around_it():
    assert load(REQUIRED | {"GATEWAY_MAX_BODY_BYTES": "100000000"}).service.max_held_bytes == 100_000_000
    assert load(REQUIRED | {"GATEWAY_KEYS_MAX_STALE": "60"}).access.keys_max_stale == 60


def test_a_command_that_looks_into_stores_needs_nothing_of_the_core_or_keycloak(tmp_path):
    settings = load_kept({"GATEWAY_STATE_DIR": str(tmp_path), "GATEWAY_AUDIT_TO": "store", "GATEWAY_WORKERS": "none"})

    assert (settings.stores.state_dir, settings.audit.audit_to) == (tmp_path, "store")


def test_what_such_a_command_reads_is_checked():
    wrong = {"GATEWAY_AUDIT_TO": "nowhere", "GATEWAY_REDIS_URL": "redis://host/0?what=1"}

    with pytest.raises(SettingsError) as refused:
        load_kept(wrong)

    assert [line.split(":")[0] for line in refused.value.lines] == ["GATEWAY_AUDIT_TO", "GATEWAY_REDIS_URL"]
