"""What is no attack: good tokens in every form there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.auth.principal import Principal
from tests.doubles.issuer import (
    AUDIENCE,
    NOW,
    World,
    claims,
    compact,
    eddsa,
    es256,
    rs256,
    rsa_jwk,
    token,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    "head",
    [
        {"jku": "https://attacker.example/jwks.json"},
        {"x5u": "https://attacker.example/cert.pem"},
        {"jwk": rsa_jwk("attacker")},
        {"x5c": ["AAAA"]},
        {"nonce": "unknown names are ignored"},
    ],
    ids=["jku", "x5u", "jwk", "x5c", "unknown"],
)
def test_a_hint_in_the_header_of_a_good_token_changes_nothing(world: World, head: dict[str, object]):
    assert world.identify(token(**head)) is not None


GOOD = {
    "RS256": lambda: token(),
    "ES256": lambda: token(alg="ES256", kid="ec", sign=es256("ec")),
    "EdDSA": lambda: token(alg="EdDSA", kid="ed", sign=eddsa("ed")),
    "no header typ": lambda: compact({"alg": "RS256", "kid": "rsa"}, claims(), rs256("rsa")),
    "header typ in lower case": lambda: token(typ="jwt"),
    "RFC 9068": lambda: token(claims(typ=None), typ="at+jwt"),
    "RFC 9068, spelled out": lambda: token(claims(typ=None), typ="application/at+jwt"),
    "aud a string": lambda: token(claims(aud=AUDIENCE)),
    "exp a fraction": lambda: token(claims(exp=NOW + 0.5)),
    "45 s late with 30 s of leeway left": lambda: token(claims(exp=NOW - 29)),
    "30 s early": lambda: token(claims(nbf=NOW + 30, iat=NOW + 30)),
    "no iat": lambda: token(claims(iat=None)),
    "no azp": lambda: token(claims(azp=None)),
    "the longest lifetime": lambda: token(claims(exp=NOW + 86_400)),
    "a name beyond ASCII": lambda: token(claims(name="Zoë 😀")),
}


@pytest.mark.parametrize("good", GOOD.values(), ids=GOOD.keys())
def test_a_good_token_is_let_in(world: World, good: Callable[[], str]):
    assert isinstance(world.identify(good()), Principal)
