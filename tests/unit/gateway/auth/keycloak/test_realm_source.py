"""What a realm publishes, asked with one more try."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.auth.errors import SourceFailed
from gateway.auth.keycloak.realm_source import RealmSource
from gateway.auth.keycloak.signing_keys import ALGORITHMS
from tests.doubles.issuer import JWKS
from tests.doubles.loopback import Handler, Loopback, answer
from tests.doubles.rules import keycloak_server

if TYPE_CHECKING:
    from collections.abc import Callable

CERTS = "/realms/partners/protocol/openid-connect/certs"


def in_turn(*answers: Callable[[Handler], None]) -> Callable[[Handler], None]:
    left = list(answers)
    return lambda handler: left.pop(0)(handler)


def source(loopback: Loopback) -> tuple[RealmSource, list[float]]:
    pauses: list[float] = []
    return RealmSource(keycloak_server(loopback.url).client("partners"), ALGORITHMS, sleep=pauses.append), pauses


def test_keys_and_policy_are_read_together(loopback: Loopback):
    loopback.paths |= {CERTS: answer(JWKS), "/realms/partners": answer({"tokens-not-before": 1_700_000_000})}

    keys = source(loopback)[0]()

    assert set(keys.by_kid) == {"rsa", "ec", "ed"}
    assert keys.not_before == 1_700_000_000


def test_a_failed_fetch_is_tried_once_more_a_moment_later(loopback: Loopback):
    loopback.paths[CERTS] = in_turn(answer({}, 503), answer(JWKS))
    fetch, pauses = source(loopback)

    assert set(fetch().by_kid) == {"rsa", "ec", "ed"}
    assert len(pauses) == 1
    assert 0.05 <= pauses[0] <= 0.25


def test_a_fetch_that_fails_twice_is_given_up(loopback: Loopback):
    loopback.paths[CERTS] = answer({}, 503)

    with pytest.raises(SourceFailed, match="status 503"):
        source(loopback)[0]()

    assert loopback.hits == [f"GET {CERTS}"] * 2


def test_a_realm_whose_page_is_closed_still_gives_its_keys(loopback: Loopback):
    loopback.paths |= {CERTS: answer(JWKS), "/realms/partners": answer({}, 403)}

    assert source(loopback)[0]().not_before == 0


def test_the_last_policy_known_stays_in_force(loopback: Loopback):
    loopback.paths |= {
        CERTS: answer(JWKS),
        "/realms/partners": in_turn(answer({"tokens-not-before": 1_700_000_000}), answer({}, 500)),
    }
    fetch, _ = source(loopback)

    assert fetch().not_before == fetch().not_before == 1_700_000_000


WELL_KNOWN = "/realms/partners/.well-known/openid-configuration"


def test_the_issuer_is_the_realms_own_word_and_the_last_one_stands(loopback: Loopback):
    loopback.paths |= {
        CERTS: answer(JWKS),
        WELL_KNOWN: in_turn(answer({"issuer": "https://id.example/realms/My%20Realm"}), answer({}, 500), answer({})),
    }
    fetch = RealmSource(keycloak_server(loopback.url).client("partners"), ALGORITHMS, asks_issuer=True)

    assert [fetch().issuer for _ in range(3)] == ["https://id.example/realms/My%20Realm"] * 3


def test_a_realm_that_says_no_issuer_still_gives_its_keys(loopback: Loopback):
    loopback.paths[CERTS] = answer(JWKS)

    assert RealmSource(keycloak_server(loopback.url).client("partners"), ALGORITHMS, asks_issuer=True)().issuer == ""


def test_an_issuer_that_was_set_is_not_asked_for(loopback: Loopback):
    loopback.paths[CERTS] = answer(JWKS)

    source(loopback)[0]()

    assert f"GET {WELL_KNOWN}" not in loopback.hits
