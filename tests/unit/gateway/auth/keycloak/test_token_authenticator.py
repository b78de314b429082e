"""Callers with an access token: known again by digest, as long as the token and its realm's keys hold."""

from __future__ import annotations

import pytest

from gateway.auth.credentials import Credentials
from gateway.auth.errors import InvalidCredentials, KeysUnavailable, SourceFailed
from gateway.auth.keycloak.introspection import Introspection
from gateway.auth.keycloak.key_store import KeyStore
from gateway.auth.keycloak.signing_keys import ALGORITHMS
from gateway.auth.keycloak.token_authenticator import KeycloakAuthenticator
from gateway.auth.keycloak.token_principal import PrincipalRules
from gateway.auth.keycloak.verifier import Realm, TokenVerifier
from tests.doubles.issuer import (
    AUDIENCE,
    NOW,
    FakeRealm,
    World,
    at_once,
    claims,
    rs256,
    rsa_jwk,
    token,
)
from tests.doubles.rules import claim_rules, key_life


def test_the_principal_says_who_is_calling_and_what_was_granted(world: World):
    bearer = token()

    principal = world.identify(bearer)

    assert principal.id == "partners:partner-app:7f1c2a"
    assert principal.method.name == "keycloak"
    assert principal.scopes == {"openid", "actions:write"}
    assert principal.roles == {"updater", "bulk"}
    assert principal.partner_ids is None
    assert principal.integrations is None
    assert principal.authorization == f"Bearer {bearer}"
    assert bearer not in repr(principal)


def test_the_caller_stays_the_same_over_tokens_and_keys(world: World):
    world.realm.jwks = {"keys": [rsa_jwk("rsa"), rsa_jwk("new")]}

    first, second = world.identify(token()), world.identify(token(claims(jti="j2"), kid="new", sign=rs256("new")))

    assert first.id == second.id


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"sub": "a"}, {"sub": "b"}),
        ({"azp": "a"}, {"azp": "b"}),
        ({"azp": "a:b", "sub": "c"}, {"azp": "a", "sub": "b:c"}),
        ({"azp": None, "sub": "x:c"}, {"azp": "x", "sub": "c"}),
    ],
    ids=["subject", "client", "colon in the client", "no client"],
)
def test_two_callers_never_share_an_id(world: World, one: dict, other: dict):
    assert world.identify(token(claims(**one))).id != world.identify(token(claims(**other))).id


@pytest.mark.parametrize("absent", ["scope", "realm_access", "resource_access"])
def test_a_claim_that_grants_may_be_absent(world: World, absent: str):
    assert world.identify(token(claims(**{absent: None}))) is not None


@pytest.mark.parametrize("authorization", ["", "Basic dTpw", "Bearer", "Bearer "])
def test_other_credentials_are_not_mine(world: World, authorization: str):
    assert world.authenticator.identify(Credentials.of({"Authorization": authorization}.get)) is None


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_case_of_the_scheme_does_not_matter(world: World, scheme: str):
    assert world.authenticator.identify(Credentials.of({"Authorization": f"{scheme} {token()}"}.get)) is not None


def test_a_token_is_verified_once(world: World, monkeypatch: pytest.MonkeyPatch):
    first = world.identify(token())
    monkeypatch.setattr(world.verifier, "verify", lambda _: pytest.fail("verified again"))

    assert world.identify(token()) is first


def test_a_known_token_stops_to_hold_when_it_expires(world: World):
    world.identify(token())

    world.wall_clock.now = NOW + 300 + 29
    assert world.identify(token())
    world.wall_clock.now = NOW + 300 + 30
    with pytest.raises(InvalidCredentials, match="expired"):
        world.identify(token())


def test_a_known_token_stops_to_hold_when_its_key_is_withdrawn(world: World):
    world.identify(token())
    world.realm.jwks = {"keys": [rsa_jwk("new")]}

    world.clock.now += 300
    world.identify(token(kid="new", sign=rs256("new")))

    with pytest.raises(InvalidCredentials, match="unknown kid"):
        world.identify(token())


def test_a_known_token_stops_to_hold_when_its_kid_comes_to_name_another_key(world: World):
    world.identify(token())
    world.realm.jwks = {"keys": [rsa_jwk("new") | {"kid": "rsa"}]}

    world.clock.now += 300
    world.keys.current()

    with pytest.raises(InvalidCredentials, match="signature"):
        world.identify(token())


def test_a_known_token_stops_to_hold_under_a_new_not_before_policy(world: World):
    world.identify(token())
    world.realm.not_before = int(NOW)

    world.clock.now += 300
    world.keys.current()

    with pytest.raises(InvalidCredentials, match="not-before"):
        world.identify(token())
    assert world.identify(token(claims(iat=NOW)))


def test_a_token_without_iat_does_not_hold_under_a_not_before_policy(world: World):
    world.realm.not_before = int(NOW)

    with pytest.raises(InvalidCredentials, match="not-before"):
        world.identify(token(claims(iat=None)))


def test_a_known_token_does_not_outlive_the_keys_that_are_too_old(world: World):
    bearer = token(claims(exp=NOW + 80_000))
    world.identify(bearer)
    world.realm.jwks = {}

    world.clock.now += 86_400

    with pytest.raises(KeysUnavailable):
        world.identify(bearer)


def test_a_known_token_stays_known_over_a_refresh_that_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch):
    world.identify(token())
    world.clock.now += 300
    world.keys.current()
    monkeypatch.setattr(world.verifier, "verify", lambda _: pytest.fail("verified again"))

    assert world.identify(token())


def test_the_memory_of_tokens_is_bounded():
    world = World(cache_size=3)

    for number in range(10):
        world.identify(token(claims(jti=str(number))))

    assert len(world.authenticator._known) == 3


def test_with_size_zero_no_token_is_remembered():
    world = World(cache_size=0)

    assert world.identify(token()) is not world.identify(token())


def test_an_over_long_token_is_refused_by_the_verifier_too(world: World):
    with pytest.raises(InvalidCredentials, match="too long"):
        world.verifier.verify("a" * 8193)


def test_keys_that_cannot_be_had_are_no_fault_of_the_token(world: World):
    world.realm.jwks = {}

    with pytest.raises(KeysUnavailable):
        world.identify(token())


@pytest.mark.parametrize(("azp", "is_accepted"), [("partner-app", True), ("other", False), (None, False)])
def test_only_the_clients_named_in_the_settings_are_accepted(azp: str | None, is_accepted: bool):
    world = World(authorized_parties=frozenset({"partner-app", "second-app"}))

    if is_accepted:
        assert world.identify(token(claims(azp=azp)))
    else:
        with pytest.raises(InvalidCredentials, match=r"^azp .*, expected partner-app or second-app$"):
            world.identify(token(claims(azp=azp)))


@pytest.mark.parametrize("typ", ["ID", None])
def test_the_payload_type_is_not_asked_for_where_the_setting_is_empty(typ: str | None):
    assert World(type="").identify(token(claims(typ=typ)))


def test_an_algorithm_that_the_settings_leave_out_is_not_accepted():
    world = World(algorithms=frozenset({"ES256"}))

    with pytest.raises(InvalidCredentials, match="alg not accepted"):
        world.identify(token())


@pytest.mark.parametrize(
    ("claim", "partners"),
    [
        pytest.param(["A1", "b2"], {"a1", "b2"}, id="a list, in lower case"),
        pytest.param("A1", {"a1"}, id="one text"),
        pytest.param([], set(), id="an empty list: none"),
        pytest.param(None, set(), id="absent: none"),
    ],
)
def test_the_partner_claim_lists_who_may_be_named(world: World, claim: object, partners: set[str]):
    rules = PrincipalRules(audience=AUDIENCE, partner_claim="partner_ids")
    verified = world.verifier.verify(token(claims(partner_ids=claim)))

    assert rules.principal(verified, "").partner_ids == partners


@pytest.mark.parametrize("claim", [1, {"a": 1}, [1], ["a", None], True])
def test_a_partner_claim_of_the_wrong_type_grants_nothing(world: World, claim: object):
    rules = PrincipalRules(audience=AUDIENCE, partner_claim="partner_ids")
    verified = world.verifier.verify(token(claims(partner_ids=claim)))

    with pytest.raises(InvalidCredentials, match="partner_ids"):
        rules.principal(verified, "")


class TwoRealms:
    """Realms `one` and `two`, whose keys have the same kid."""

    def __init__(self, *more: dict[str, object]) -> None:
        self.sources = {
            "one": FakeRealm({"keys": [*more, rsa_jwk("one") | {"kid": "k"}]}),
            "two": FakeRealm({"keys": [rsa_jwk("two") | {"kid": "k"}]}),
        }
        realms = [
            Realm(name, self.issuer(name), KeyStore(name, source, key_life(), spawn=at_once), usual="")
            for name, source in self.sources.items()
        ]
        verifier = TokenVerifier(realms, claim_rules(audience=AUDIENCE), ALGORITHMS, wall_clock=lambda: NOW)
        self.authenticator = KeycloakAuthenticator(
            verifier, PrincipalRules(audience=AUDIENCE, partner_claim=""), cache_size=10, wall_clock=lambda: NOW
        )

    def issuer(self, name: str) -> str:
        return f"https://id.example/realms/{name}"

    def identify(self, *, issuer: str, signer: str):
        bearer = token(claims(iss=self.issuer(issuer)), kid="k", sign=rs256(signer))
        return self.authenticator.identify(Credentials.of({"Authorization": f"Bearer {bearer}"}.get))


def test_each_realm_verifies_its_own_tokens_with_its_own_keys():
    realms = TwoRealms()

    assert realms.identify(issuer="one", signer="one").id.startswith("one:")
    assert realms.identify(issuer="two", signer="two").id.startswith("two:")


@pytest.mark.parametrize("signer", ["one", "other"])
def test_of_two_keys_with_one_kid_each_verifies(signer: str):
    realms = TwoRealms(rsa_jwk("other") | {"kid": "k"})

    assert realms.identify(issuer="one", signer=signer).id.startswith("one:")
    with pytest.raises(InvalidCredentials, match="signature"):
        realms.identify(issuer="one", signer="two")


@pytest.mark.parametrize(("issuer", "signer"), [("one", "two"), ("two", "one")])
def test_a_realm_cannot_sign_for_another(issuer: str, signer: str):
    with pytest.raises(InvalidCredentials, match="signature"):
        TwoRealms().identify(issuer=issuer, signer=signer)


def test_a_token_of_one_realm_does_not_make_the_other_realm_fetch():
    realms = TwoRealms()

    realms.identify(issuer="one", signer="one")

    assert (realms.sources["one"].fetches, realms.sources["two"].fetches) == (1, 0)


class Revocations:
    """Keycloak's introspection endpoint."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer: object = {"active": True}

    def __call__(self, bearer: str) -> dict:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def introspected(*, fail_open: bool = False) -> tuple[World, Revocations]:
    world, revocations = World(), Revocations()
    world.authenticator._introspection = Introspection(
        {"partners": revocations}, ttl=15, fail_open=fail_open, clock=world.clock
    )
    return world, revocations


def test_an_active_token_is_asked_about_once_in_its_time():
    world, revocations = introspected()

    for _ in range(10):
        world.identify(token())
    assert revocations.asked == 1

    world.clock.now += 15
    world.identify(token())
    assert revocations.asked == 2


def test_a_revoked_token_is_refused_once_the_answer_is_too_old():
    world, revocations = introspected()
    world.identify(token())
    revocations.answer = {"active": False}

    world.identify(token())
    world.clock.now += 15

    with pytest.raises(InvalidCredentials, match="revoked"):
        world.identify(token())


def test_a_token_that_does_not_hold_by_itself_is_never_asked_about():
    world, revocations = introspected()

    with pytest.raises(InvalidCredentials):
        world.identify(token(claims(aud="other")))

    assert revocations.asked == 0


FAILURES = [SourceFailed("status 500"), {}, {"active": "true"}, {"active": 1}, {"active": None}]


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
def test_a_failing_introspection_refuses_under_the_closed_policy(failure: object):
    world, revocations = introspected()
    revocations.answer = failure

    with pytest.raises(KeysUnavailable, match="introspection"):
        world.identify(token())


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
def test_a_failing_introspection_believes_the_token_under_the_open_policy(failure: object):
    world, revocations = introspected(fail_open=True)
    revocations.answer = failure

    assert world.identify(token())


def test_after_a_failure_nobody_waits_for_the_next_one():
    world, revocations = introspected(fail_open=True)
    revocations.answer = SourceFailed("ReadTimeout")

    for number in range(100):
        world.identify(token(claims(jti=str(number % 5))))
    assert revocations.asked == 1

    world.clock.now += 5
    revocations.answer = {"active": False}
    with pytest.raises(InvalidCredentials, match="revoked"):
        world.identify(token())
