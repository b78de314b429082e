"""``python -m gateway.check`` says in plain words whether the service would serve, and changes nothing."""

from __future__ import annotations

import base64
import json
import re
import socket
import time

import pytest

from gateway.check.__main__ import main
from gateway.jobs.availability import FORWARDS
from gateway.resources.core_map import shipped
from gateway.settings import all_settings
from tests.doubles.certificates import Authority
from tests.doubles.issuer import AUDIENCE, JWKS
from tests.doubles.loopback import Loopback, answer

OIDC = "/realms/partners/protocol/openid-connect"
NOT_COMPARED = "clock     note   not compared: Keycloak told no time, neither by a Date nor in a token for us"


class Place:
    """A host with a Keycloak and a core that are up; ``check`` looks from there."""

    def __init__(self, keycloak: Loopback, core_port: int, folder, monkeypatch, capsys):
        self.keycloak = keycloak
        self.core = f"http://127.0.0.1:{core_port}"
        self.state = folder / "state"
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.date_is(None)
        keycloak.paths[f"{OIDC}/certs"] = answer(JWKS)
        keycloak.paths["/realms/partners/.well-known/openid-configuration"] = answer(
            {"issuer": "https://login.test", "introspection_endpoint": keycloak.url + OIDC + "/token/introspect"}
        )

    def date_is(self, apart):
        """Keycloak's clock is so many seconds from ours; None: it tells no time."""

        def send(handler):
            handler.date_time_string = lambda *_: "" if apart is None else self._date(apart)
            answer({"tokens-not-before": 0})(handler)

        self.keycloak.paths["/realms/partners"] = send

    def be_user(self, number):
        self._monkeypatch.setattr("os.geteuid", lambda: number)

    def set(self, **variables):
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)

    def gives_tokens(self, apart=0.0):
        claims = base64.urlsafe_b64encode(json.dumps({"iat": time.time() + apart}).encode()).rstrip(b"=").decode()
        self.keycloak.paths[f"{OIDC}/token"] = answer({"access_token": f"e30.{claims}.sig", "expires_in": 300})
        return {
            "CORE_AUTH": "client_credentials",
            "CORE_CLIENT_ID": "gateway",
            "CORE_CLIENT_SECRET": "hush",
        }

    def check(self, *arguments, **settings):
        given = {
            "CORE_URL": self.core,
            "KEYCLOAK_URL": self.keycloak.url,
            "KEYCLOAK_REALM": "partners",
            "KEYCLOAK_AUDIENCE": AUDIENCE,
            "KEYCLOAK_TIMEOUT": "5",
            "REQUIRED_ROLE": "actions:write",
            "STATE_DIR": str(self.state),
        }
        for name, value in {**given, **settings}.items():
            self._monkeypatch.setenv(f"GATEWAY_{name}", value)
        code = main(arguments)
        return code, self._capsys.readouterr().out.splitlines()

    def wrong(self, **settings):
        code, lines = self.check(**settings)
        found = [line for line in lines if " WRONG " in line]
        assert (code, lines[-1]) == (1, f"{len(found)} wrong: the service would not serve as its settings ask.")
        return found

    @staticmethod
    def _date(apart):
        return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + apart))


@pytest.fixture
def place(loopback, tmp_path, monkeypatch, capsys):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with socket.create_server(("127.0.0.1", 0)) as core:
        # Read in a moment, which the system's bundle of certificates is not.
        monkeypatch.setenv("SSL_CERT_FILE", Authority(tmp_path).file)
        place = Place(loopback, core.getsockname()[1], tmp_path, monkeypatch, capsys)
        place.be_user(54320)
        yield place


@pytest.fixture
def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_a_place_where_the_service_would_serve_is_told_line_by_line(place):
    code, lines = place.check()

    assert (code, lines) == (
        0,
        [
            f"settings  ok     7 given, {len(all_settings()) - 7} left at their defaults",
            "proxies   ok     core: none",
            "proxies   ok     keycloak: none",
            f"files     ok     {place.state}: not there yet; the service makes it, for 54320 alone",
            "keycloak  ok     realm partners: has keys to verify tokens with (3), issuer https://login.test",
            NOT_COMPARED,
            f"core      ok     {place.core}: can be connected to; calls will carry the caller's token",
            f"store     ok     {place.state}/idempotency.sqlite: not there yet; the service makes it",
            f"store     ok     jobs: none can be taken: {FORWARDS}",
            "",
            "Nothing is wrong.",
        ],
    )
    assert not place.state.exists()


def test_the_files_of_the_operator_and_the_audit_trail_are_looked_at(place):
    partners, core_map = place.folder / "partners.toml", place.folder / "core.toml"
    partners.write_text('[acme]\nprincipals = ["acme"]\n')
    core_map.write_text(shipped())

    code, lines = place.check(
        PARTNERS_FILE=str(partners), CORE_MAP=str(core_map), AUDIT="all", AUDIT_FILE="/dev/null/x"
    )

    assert code == 1
    assert [
        line for line in lines if str(place.folder / "core.toml") in line or line.startswith(("partners", "audit"))
    ] == [
        f"core      ok     {core_map}: a map of the core, which python -m gateway.core map shows at work",
        f"partners  ok     {partners}: 1 named, 0 blocked, 0 for dry runs only",
        "audit     WRONG  /dev/null/x cannot be written to (Not a directory): lines of the trail would be lost",
    ]
    assert lines[-1] == "1 wrong: the service would not serve as its settings ask."


def test_wrong_settings_are_told_at_once_and_nobody_is_asked(place):
    found = place.wrong(CORE_CONCURRENCY="many", WORKERS="0", BATCH_DEADLIN="3")

    assert found == [
        "settings  WRONG  GATEWAY_CORE_CONCURRENCY: must be a whole number; it is 'many'",
        "settings  WRONG  GATEWAY_WORKERS: must be at least 1 and at most 1024; it is '0'",
        "settings  WRONG  GATEWAY_BATCH_DEADLIN: there is no such setting; the nearest is GATEWAY_BATCH_DEADLINE",
    ]
    assert place.keycloak.hits == []


def test_a_name_that_may_be_a_slip_and_open_access_are_notes(place):
    code, lines = place.check(BATCH_DEADLIN="3", REQUIRED_ROLE="")

    assert code == 0
    assert lines[1:3] == [
        "settings  note   GATEWAY_BATCH_DEADLIN means nothing here; was GATEWAY_BATCH_DEADLINE meant?",
        f"settings  note   GATEWAY_REQUIRED_ROLE and GATEWAY_REQUIRED_SCOPE are not set: every token for {AUDIENCE} may send updates",
    ]


def test_a_realm_that_is_not_there_is_wrong(place):
    assert place.wrong(KEYCLOAK_REALM="nowhere") == [
        "keycloak  WRONG  realm nowhere: its signing keys cannot be had: status 404"
    ]


def test_a_client_that_may_not_introspect_is_wrong(place):
    asked = {"INTROSPECTION": "true", "INTROSPECTION_CLIENT_ID": "asker", "INTROSPECTION_CLIENT_SECRET": "hush"}
    place.keycloak.paths[f"{OIDC}/token/introspect"] = answer({"error": "invalid_client"}, 401)

    assert place.wrong(**asked) == [
        "keycloak  WRONG  realm partners: asker cannot introspect tokens: status 401 invalid_client"
    ]

    place.keycloak.paths[f"{OIDC}/token/introspect"] = answer({"active": False})
    code, lines = place.check(**asked)

    assert code == 0
    assert "keycloak  ok     realm partners: asker may introspect tokens" in lines


def test_a_client_that_gets_no_token_for_the_core_is_wrong(place):
    settings = place.gives_tokens()
    place.keycloak.paths[f"{OIDC}/token"] = answer({"error": "unauthorized_client"}, 401)

    assert place.wrong(**settings) == [
        "keycloak  WRONG  gateway gets no token for calls to the core: status 401 unauthorized_client"
    ]


@pytest.mark.parametrize("way", ["date", "token"])
def test_a_clock_that_differs_by_more_than_the_leeway_is_wrong(place, way):
    settings = place.gives_tokens(3600) if way == "token" else {}
    if way == "date":
        place.date_is(3600)

    [line] = place.wrong(**settings)

    assert re.match(r"clock     WRONG  3[56]\d\d s behind Keycloak's: GATEWAY_JWT_LEEWAY allows 30 s", line)


def test_a_clock_within_the_leeway_is_fine(place):
    place.date_is(0)

    assert any(line.startswith("clock     ok     within ") for line in place.check()[1])


def test_a_core_that_cannot_be_reached_is_wrong(place, closed_port):
    assert place.wrong(CORE_URL=f"http://127.0.0.1:{closed_port}") == [
        f"core      WRONG  http://127.0.0.1:{closed_port}: unreachable: ECONNREFUSED, 127.0.0.1:{closed_port}"
    ]


def test_the_stores_files_are_asked_where_they_are_there_and_ours(place):
    place.state.mkdir(mode=0o700)
    (place.state / "idempotency.sqlite").write_bytes(b"this is no database, though it is long enough to be read as one")
    (place.state / "jobs.sqlite").touch()
    place.be_user(place.state.stat().st_uid)

    [line] = place.wrong(**place.gives_tokens())

    assert line.startswith("store     WRONG  idempotency records: cannot be kept: SQLITE_NOTADB")


def test_a_store_that_would_be_made_for_another_user_is_wrong(place):
    place.state.mkdir(mode=0o700)
    (place.state / "api-keys.sqlite").touch()
    place.be_user(54321)

    [line] = place.wrong()

    assert line.startswith(f"store     WRONG  {place.state}/idempotency.sqlite would belong to the user 54321")


def test_files_that_any_user_of_the_machine_may_read_are_noted(place):
    secret = place.folder / "secret"
    secret.write_text("hush")
    secret.chmod(0o644)
    place.state.mkdir(mode=0o755)
    place.state.chmod(0o755)
    settings = place.gives_tokens()

    lines = place.check(**{**settings, "CORE_CLIENT_SECRET": "", "CORE_CLIENT_SECRET_FILE": str(secret)})[1]

    assert [line for line in lines if line.startswith("files")] == [
        f"files     note   {place.state} is open to others (drwxr-xr-x): it holds answers, that is business data",
        f"files     note   {secret} of GATEWAY_CORE_CLIENT_SECRET_FILE is open to every user of this machine (-rw-r--r--)",
    ]


def test_proxies_of_the_environment_are_told_whether_they_count_or_not(place):
    place.set(HTTP_PROXY="http://p.test:3128", no_proxy="127.0.0.1")

    lines = place.check()[1]

    assert [line for line in lines if line.startswith("proxies")] == [
        "proxies   ok     core: none",
        "proxies   ok     keycloak: none",
        "proxies   note   HTTP_PROXY,no_proxy of the environment counts only where GATEWAY_CORE_PROXY or GATEWAY_KEYCLOAK_PROXY says environment",
    ]

    place.set(no_proxy="")
    lines = place.check(CORE_PROXY="environment")[1]

    assert "proxies   ok     core: through http://p.test:3128" in lines
    assert not [line for line in lines if line.startswith("proxies   note")]


def test_the_settings_in_force_are_shown_without_secrets(place):
    code, lines = place.check("--settings", REDIS_URL="redis://:hush@redis.test", LANGUAGES="en,fr,de")

    assert code == 0
    assert len(lines) == len(all_settings())
    assert {"GATEWAY_REDIS_URL=…", "GATEWAY_LANGUAGES=en,fr,de", "GATEWAY_DOCS_PAGE=true"} <= set(lines)
    assert not any("hush" in line for line in lines)
