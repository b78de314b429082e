"""Known attacks on JWTs. Each is refused with the one error there is, for the reason meant, with no look-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.auth.errors import AuthError, InvalidCredentials
from tests.doubles.issuer import (
    World,
    rs256,
    token,
)
from tests.unit.gateway.auth.attacks import ATTACKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.doubles.loopback import Loopback


@pytest.mark.parametrize(("attack", "reason"), ATTACKS.values(), ids=ATTACKS.keys())
def test_an_attack_is_refused_for_the_reason_meant_and_a_good_token_still_passes(
    world: World, attack: Callable[[], str], reason: str
):
    with pytest.raises(AuthError) as refused:
        world.identify(attack())

    assert type(refused.value) is InvalidCredentials
    assert reason in refused.value.reason
    assert world.identify(token()).id == "partners:partner-app:7f1c2a"


@pytest.mark.parametrize(("attack", "reason"), ATTACKS.values(), ids=ATTACKS.keys())
def test_no_attack_makes_the_gateway_ask_keycloak(world: World, attack: Callable[[], str], reason: str):
    world.identify(token())

    with pytest.raises(InvalidCredentials):
        world.identify(attack())

    assert world.realm.fetches == 1


@pytest.mark.parametrize("attack", [attack for attack, _ in ATTACKS.values()], ids=ATTACKS.keys())
def test_neither_the_answer_nor_the_log_shows_the_token_or_why_to_the_caller(world: World, attack: Callable[[], str]):
    bearer = attack()

    with pytest.raises(InvalidCredentials) as refused:
        world.identify(bearer)

    assert bearer not in refused.value.reason
    assert refused.value.detail == InvalidCredentials.detail


KIDS = {
    "wrong": "other",
    "path traversal": "../../../../dev/null",
    "SQL": "rsa' OR '1'='1",
    "template": "{{7*7}}${7*7}",
    "command": "rsa; sleep 5",
    "URL": "http://127.0.0.1:9/key",
    "NUL": "rsa\0",
    "other case": "RSA",
    "blank at the end": "rsa ",
    "line feed": "rsa\nforged=log-line",
}


@pytest.mark.parametrize("kid", KIDS.values(), ids=KIDS.keys())
def test_an_unknown_kid_costs_one_fetch_and_is_refused_whatever_it_spells(world: World, kid: str):
    world.identify(token())

    with pytest.raises(InvalidCredentials, match="unknown kid"):
        world.identify(token(kid=kid))

    assert world.realm.fetches == 2
    assert world.identify(token()) is not None


def test_a_kid_cannot_forge_a_line_of_the_log(world: World):
    with pytest.raises(InvalidCredentials) as refused:
        world.identify(token(kid="x\nlevel=error \x1b[31m"))

    assert refused.value.reason.isprintable()


@pytest.mark.parametrize("name", ["jku", "x5u"])
@pytest.mark.parametrize("kid", ["rsa", "attacker"])
def test_a_key_address_in_the_header_is_never_called(world: World, loopback: Loopback, name: str, kid: str):
    with pytest.raises(InvalidCredentials):
        world.identify(token(kid=kid, sign=rs256("attacker"), **{name: f"{loopback.url}/jwks.json"}))

    assert loopback.hits == []
