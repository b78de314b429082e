"""Keycloak is away, slow, or gives other keys (``faults.md`` 5.2): who is let in meanwhile, and how often it is asked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.doubles.fake_core import FakeCore, answer, send
from tests.faults.house import Gateway, Home, eventually, new_ids

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.e2e
SLACK = 2.0
LEEWAY = 30
UUID = "3d2f9a52-6a3e-4f0f-9f5d-0c1f4a2b7c10"
REPLACED = {"id": UUID, "name": "x", "slug": "x", "description": "", "code": None, "order": 0, "input_fields": []}


@pytest.fixture(scope="module")
def own_home() -> Iterator[Home]:
    """An identity provider that may be killed."""
    with Home() as home:
        yield home


@pytest.fixture(scope="module")
def anxious_one(own_home: Home, shared_core: FakeCore) -> Iterator[Gateway]:
    """A gateway that refreshes its keys every second, and looks for unknown ones as often."""
    with Gateway(own_home, shared_core.url, {"KEYS_TTL": "1", "KEYS_COOLDOWN": "1"}) as gateway:
        yield gateway


@pytest.fixture
def anxious(anxious_one: Gateway, own_home: Home, core: FakeCore) -> Gateway:
    own_home.identity.control("POST", "reset")
    eventually(lambda: send_as(anxious_one, own_home.token()) == 200)
    return anxious_one


def send_as(gateway: Gateway, token: str) -> int:
    return gateway.patch(next(new_ids), Authorization=f"Bearer {token}").status


def fetches(home: Home) -> int:
    """How often the keys were asked for."""
    count: int = home.identity.control("GET", "calls")["by_endpoint"].get("certs", 0)
    return count


def test_without_keycloak_at_the_start_it_starts_and_heals_by_itself(core: FakeCore) -> None:
    core.script(f"/integrations/{UUID}/actions/{UUID}", (send(answer(200, {"data": REPLACED})),))
    with Home() as home:
        token = home.token()
        home.identity.kill()
        with Gateway(home, core.url) as gateway:
            refused = gateway.patch(next(new_ids), Authorization=f"Bearer {token}")
            put = gateway.put(UUID, gateway.api_key())

            assert (gateway.get("/livez").status, gateway.get("/readyz").status) == (200, 503)
            assert (refused.status, put.status) == (503, 200)
            assert "\ngateway_jwks_age_seconds +Inf\n" in gateway.get("/metrics").body.decode()
            assert int(refused.headers["retry-after"]) >= 1
            home.identity.start()
            came_back = time.monotonic()
            eventually(lambda: gateway.get("/readyz").status == 200)
            assert time.monotonic() - came_back < 10.0
            assert send_as(gateway, home.token()) == 200
            assert "\ngateway_jwks_age_seconds +Inf\n" not in gateway.get("/metrics").body.decode()


def test_while_keycloak_is_down_known_keys_go_on(anxious: Gateway, own_home: Home) -> None:
    token = own_home.token()
    own_home.identity.kill()
    until = time.monotonic() + 2.5
    statuses = set()
    while time.monotonic() < until:
        statuses.add(send_as(anxious, token))

    assert statuses == {200}
    own_home.identity.start()
    eventually(lambda: send_as(anxious, own_home.token()) == 200)


def test_while_keycloak_hangs_nobody_waits_for_it(anxious: Gateway, own_home: Home) -> None:
    token = own_home.token()
    asked = fetches(own_home)
    own_home.identity.control("PUT", "weather", {"faults": ["hang"], "endpoints": ["certs"]})
    slowest = 0.0

    def asks_again() -> bool:
        nonlocal slowest
        began = time.monotonic()
        assert send_as(anxious, token) == 200
        slowest = max(slowest, time.monotonic() - began)
        return fetches(own_home) > asked

    eventually(asks_again)
    until = time.monotonic() + 0.5
    eventually(lambda: asks_again() and time.monotonic() > until)

    assert slowest < 0.5


@pytest.mark.parametrize("kind", ["500", "html", "list", "null", "empty-object", "garbage", "truncate"])
def test_keys_that_make_no_sense_never_replace_good_ones(anxious: Gateway, own_home: Home, kind: str) -> None:
    token = own_home.token()
    asked = fetches(own_home)
    own_home.identity.control("PUT", "weather", {"faults": [kind], "endpoints": ["certs"]})

    eventually(lambda: send_as(anxious, token) == 200 and fetches(own_home) > asked)

    assert send_as(anxious, token) == 200


def test_a_token_of_a_new_key_is_accepted_after_one_fetch(own_home: Home, core: FakeCore) -> None:
    own_home.identity.control("POST", "reset")
    with Gateway(own_home, core.url, {"KEYS_TTL": "60", "KEYS_COOLDOWN": "1"}) as gateway:
        assert send_as(gateway, own_home.token()) == 200
        rested = time.monotonic() + 1.1
        eventually(lambda: time.monotonic() > rested)
        own_home.identity.control("POST", "rotate")
        asked = fetches(own_home)

        statuses = [send_as(gateway, own_home.token()) for _ in range(3)]

    assert statuses == [200] * 3
    assert fetches(own_home) - asked == 1


def test_a_key_that_was_withdrawn_holds_no_longer_than_until_the_next_refresh(anxious: Gateway, own_home: Home) -> None:
    old = own_home.token()
    assert send_as(anxious, old) == 200
    own_home.identity.control("POST", "rotate")
    own_home.identity.control("POST", "withdraw")

    eventually(lambda: send_as(anxious, old) == 401)

    assert send_as(anxious, own_home.token()) == 200


def test_a_flood_of_unknown_keys_costs_a_fetch_a_second_and_nobody_else_anything(
    anxious: Gateway, own_home: Home
) -> None:
    good = own_home.token()
    forged = [anxious.minted({"kid": f"forged-{number}"}) for number in range(40)]
    asked, began = fetches(own_home), time.monotonic()

    refused = {send_as(anxious, token) for token in forged}

    assert refused <= {401, 503}
    assert send_as(anxious, good) == 200
    # One look-up and one refresh may fall into each second.
    assert fetches(own_home) - asked <= 2 * (time.monotonic() - began) + 2


@pytest.mark.parametrize(
    ("ahead", "status"), [(-LEEWAY - 15, 401), (-LEEWAY + 10, 200), (LEEWAY - 10, 200), (LEEWAY + 15, 401)]
)
def test_clocks_may_differ_by_the_leeway(anxious: Gateway, ahead: int, status: int) -> None:
    """``ahead``: Keycloak's clock against ours. A late one lets tokens end early, an early one begin late."""
    now = int(time.time())
    times = {"iat": now + ahead, "exp": now + ahead + (300 if ahead > 0 else 0)}

    assert send_as(anxious, anxious.minted(**times)) == status
