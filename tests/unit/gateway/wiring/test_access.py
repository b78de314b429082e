"""Everything that decides who may enter, from the settings, against a Keycloak on loopback."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from gateway.auth.api_keys.key import hashed, mint
from gateway.auth.api_keys.record import ApiKey
from gateway.auth.api_keys.sqlite import FILE_NAME, SqliteKeys
from gateway.auth.credentials import Credentials
from gateway.auth.errors import InvalidCredentials, KeysUnavailable
from gateway.settings import SettingsError
from gateway.settings.access import AccessSettings
from gateway.settings.core import CoreSettings
from gateway.settings.secrets import FileText
from gateway.settings.stores import StoreSettings
from gateway.wiring.access import Access, key_records
from tests.doubles.issuer import AUDIENCE, JWKS, claims, token
from tests.doubles.loopback import Loopback, answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gateway.auth.principal import Principal

OIDC = "/realms/partners/protocol/openid-connect"


class Deployment:
    """Settings as an operator gives them, and a Keycloak that is up."""

    def __init__(self, loopback: Loopback, folder: Path) -> None:
        self.keycloak = loopback
        self.folder = folder
        loopback.paths |= {f"{OIDC}/certs": answer(JWKS), "/realms/partners": answer({"tokens-not-before": 0})}

    def access(self, *, api_keys_file: str = "", **more: Any) -> Access:
        given = {
            "keycloak_url": self.keycloak.url,
            "keycloak_realm": ("partners",),
            "keycloak_audience": AUDIENCE,
            "keycloak_timeout": 10.0,
        }
        stores = StoreSettings(state_dir=self.folder, api_keys_file=api_keys_file)
        return Access(AccessSettings(**(given | more)), key_records(stores))

    def bearer(self, **more: Any) -> str:
        now = time.time()
        issued = {"iss": f"{self.keycloak.url}/realms/partners", "iat": now, "exp": now + 300}
        return f"Bearer {token(claims(**(issued | more)))}"


@pytest.fixture
def deployment(loopback: Loopback, tmp_path: Path) -> Deployment:
    return Deployment(loopback, tmp_path)


def identify(access: Access, authorization: str) -> Principal | None:
    credentials = Credentials.of({"Authorization": authorization}.get)
    asked = (each.identify(credentials) for each in access.authenticators)
    return next(filter(None, asked), None)


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_nothing_is_fetched_before_the_start(deployment: Deployment):
    deployment.access()

    assert deployment.keycloak.hits == []


def test_after_the_start_a_token_is_let_in_without_a_further_call(deployment: Deployment):
    access = deployment.access()
    access.start()
    wait_until(lambda: access.check()["ready"])
    before = len(deployment.keycloak.hits)

    for number in range(20):
        principal = identify(access, deployment.bearer(jti=str(number)))

    access.close()
    assert principal is not None
    assert principal.id == "partners:partner-app:7f1c2a"
    assert len(deployment.keycloak.hits) == before == 3


def test_keycloak_is_asked_through_the_proxy_of_its_own_setting(deployment: Deployment):
    absolute = "http://keycloak.test"
    paths = deployment.keycloak.paths
    paths |= {f"{absolute}{path}": found for path, found in list(paths.items())}
    access = deployment.access(keycloak_url=absolute, keycloak_proxy=deployment.keycloak.url)
    access.start()

    principal = identify(access, deployment.bearer(iss=f"{absolute}/realms/partners"))

    access.close()
    assert principal is not None
    assert {hit.split("/")[2] for hit in deployment.keycloak.hits} == {"keycloak.test"}


def test_the_age_of_the_keys_is_known(deployment: Deployment):
    access = deployment.access()
    assert access.keys_age() == float("inf")

    identify(access, deployment.bearer())

    assert access.keys_age() < 60


def test_a_realm_without_keys_is_not_hidden_by_one_that_has_them(deployment: Deployment):
    access = deployment.access(keycloak_realm=("partners", "suppliers"))

    identify(access, deployment.bearer())

    assert access.check()["reasons"].keys() == {"suppliers"}
    assert access.keys_age() == float("inf")


def test_with_keycloak_down_tokens_are_answered_with_503_and_keys_still_enter(deployment: Deployment):
    deployment.keycloak.paths.clear()
    key = mint()
    SqliteKeys(deployment.folder / FILE_NAME).add(
        ApiKey(id=key.id, name="Acme", hash=hashed(key.secret), scopes=frozenset({"INTEGRATION_API"}))
    )
    access = deployment.access()

    with pytest.raises(KeysUnavailable):
        identify(access, deployment.bearer())
    principal = identify(access, f"Bearer {key}")

    assert principal is not None
    assert principal.id == f"key:{key.id}"
    assert access.check()["ready"] is False
    assert "partners" in access.check()["reasons"]


def test_an_issuer_of_its_own_is_compared_to_the_letter(deployment: Deployment):
    access = deployment.access(keycloak_issuer=("https://public.example/realms/partners",))

    assert identify(access, deployment.bearer(iss="https://public.example/realms/partners"))
    with pytest.raises(InvalidCredentials, match="iss"):
        identify(access, deployment.bearer())


def test_the_rules_for_claims_come_from_the_settings(deployment: Deployment):
    access = deployment.access(
        jwt_authorized_parties=("partner-app",), jwt_type="", jwt_leeway=0.0, partner_claim="partners"
    )

    principal = identify(access, deployment.bearer(typ=None, partners=["p1"]))

    assert principal is not None
    assert principal.partner_ids == {"p1"}
    with pytest.raises(InvalidCredentials, match="azp"):
        identify(access, deployment.bearer(azp="other"))
    with pytest.raises(InvalidCredentials, match="expired"):
        identify(access, deployment.bearer(exp=time.time() - 1))


def test_only_the_algorithms_of_the_settings_are_accepted(deployment: Deployment):
    with pytest.raises(InvalidCredentials, match="alg"):
        identify(deployment.access(jwt_algorithms=("ES256",)), deployment.bearer())


def test_how_far_a_token_may_reach_is_a_setting(deployment: Deployment):
    access = deployment.access(jwt_max_lifetime=60.0)

    assert identify(access, deployment.bearer(exp=time.time() + 50))
    with pytest.raises(InvalidCredentials, match="exp"):
        identify(access, deployment.bearer(exp=time.time() + 300))


def introspecting(deployment: Deployment, body: dict[str, object], **more: Any) -> Access:
    deployment.keycloak.paths[f"{OIDC}/token/introspect"] = answer(body)
    client = {"introspection_client_id": "gateway", "introspection_client_secret": "s3cret"}
    return deployment.access(introspection=True, **(client | more))


def test_an_active_token_is_let_in_under_introspection(deployment: Deployment):
    access = introspecting(deployment, {"active": True})

    assert identify(access, deployment.bearer())
    assert f"POST {OIDC}/token/introspect" in deployment.keycloak.hits
    assert "client_secret=s3cret" in deployment.keycloak.bodies[-1]


def test_a_revoked_token_is_refused_under_introspection(deployment: Deployment):
    with pytest.raises(InvalidCredentials, match="revoked"):
        identify(introspecting(deployment, {"active": False}), deployment.bearer())


@pytest.mark.parametrize("fail_open", [True, False])
def test_the_policy_decides_while_the_introspection_fails(deployment: Deployment, fail_open: bool):
    access = introspecting(deployment, {}, introspection_fail_open=fail_open)

    if fail_open:
        assert identify(access, deployment.bearer())
    else:
        with pytest.raises(KeysUnavailable):
            identify(access, deployment.bearer())


def test_a_client_that_may_not_introspect_is_told_to_operators_until_it_may(
    deployment: Deployment, caplog: pytest.LogCaptureFixture
):
    secret = deployment.folder / "secret"
    secret.write_text("wrong")
    access = introspecting(deployment, {}, introspection_client_secret=FileText("wrong", str(secret)))
    path = f"{OIDC}/token/introspect"
    deployment.keycloak.paths[path] = answer({"error": "invalid_client"}, 401)
    with pytest.raises(KeysUnavailable):
        identify(access, deployment.bearer())

    assert access.check() == {"ready": True, "introspection": {"partners": "status 401 invalid_client"}}
    [line] = [record for record in caplog.records if record.message == "introspection_failed"]
    assert (line.levelname, line.reason) == ("ERROR", "status 401 invalid_client")

    secret.write_text("right")
    deployment.keycloak.paths[path] = answer({"active": True})
    access._asked._cool_down._over_at = 0.0
    assert identify(access, deployment.bearer())
    assert "client_secret=right" in deployment.keycloak.bodies[-1]
    assert access.check() == {"ready": True}


def test_what_is_wrong_with_keycloak_is_told_while_its_keys_are_missing_and_while_they_hold(deployment: Deployment):
    deployment.keycloak.paths[f"{OIDC}/certs"] = answer({}, 500)
    access = deployment.access(keys_ttl=1.0, keys_cooldown=1.0)
    with pytest.raises(KeysUnavailable):
        identify(access, deployment.bearer())

    reason = "status 500"
    wait_until(lambda: "refresh" in access.check())
    assert access.check() == {
        "ready": False,
        "reasons": {"partners": f"no keys held: {reason} (partners)"},
        "refresh": {"partners": reason},
    }


def test_a_token_for_the_core_comes_from_the_first_realm(deployment: Deployment):
    deployment.keycloak.paths[f"{OIDC}/token"] = answer({"access_token": "abc", "expires_in": 60})
    core = CoreSettings(core_url="http://core.test", core_client_id="gw", core_client_secret="s")

    assert deployment.access().core_token(core)() == ("abc", 60.0)


def test_a_file_of_keys_takes_the_place_of_the_store(deployment: Deployment):
    key = mint()
    file = deployment.folder / "keys.json"
    entry = ApiKey(id=key.id, name="Acme", hash=hashed(key.secret), scopes=frozenset({"INTEGRATION_API"})).entry()
    file.write_text(json.dumps({"keys": [entry]}))

    assert identify(deployment.access(api_keys_file=str(file)), f"Bearer {key}")


def test_a_store_of_keys_that_was_taken_away_is_told_and_its_callers_are_refused_for_now(deployment: Deployment):
    path, key = deployment.folder / FILE_NAME, mint()
    SqliteKeys(path).add(ApiKey(id=key.id, name="Acme", hash=hashed(key.secret), scopes=frozenset({"INTEGRATION_API"})))
    access = deployment.access()
    assert access.api_keys_problem() == ""
    path.rename(deployment.folder / "away")

    with pytest.raises(KeysUnavailable):
        identify(access, f"Bearer {key}")
    assert access.api_keys_problem() == f"{path}: No such file or directory"


def test_a_bad_file_of_keys_stops_the_start_with_a_line_that_names_it(deployment: Deployment):
    with pytest.raises(SettingsError, match=r"^GATEWAY_API_KEYS_FILE: .*absent\.json: No such file"):
        deployment.access(api_keys_file=str(deployment.folder / "absent.json"))


def test_the_issuer_is_the_one_that_the_realm_says_it_is(deployment: Deployment):
    deployment.keycloak.paths["/realms/partners/.well-known/openid-configuration"] = answer(
        {"issuer": "https://id.example/realms/My%20Realm"}
    )
    access = deployment.access()
    access.start()
    wait_until(lambda: access.check()["ready"])

    assert identify(access, deployment.bearer(iss="https://id.example/realms/My%20Realm"))
    with pytest.raises(InvalidCredentials) as refused:
        identify(access, deployment.bearer())

    found, expected = f"{deployment.keycloak.url}/realms/partners", "https://id.example/realms/My%20Realm"
    assert refused.value.reason == f"iss '{found}', expected {expected}"


def test_where_a_realm_does_not_say_who_it_is_its_name_in_the_usual_issuer_is_quoted(deployment: Deployment):
    deployment.keycloak.paths[f"{OIDC.replace('partners', 'My%20Realm')}/certs"] = answer(JWKS)
    access = deployment.access(keycloak_realm=("My Realm",))
    access.start()
    wait_until(lambda: access.check()["ready"])

    assert identify(access, deployment.bearer(iss=f"{deployment.keycloak.url}/realms/My%20Realm"))
