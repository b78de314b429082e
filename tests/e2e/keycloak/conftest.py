"""The real Keycloak, fetched where it can be, and gateways that trust it. Skipped, with the reason, where it cannot."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from deploy.keycloak.distribution import VERSION, Distribution, Unavailable
from deploy.keycloak.realm import AUDIENCE, REALM_FILE, ROLE
from deploy.keycloak.server import server
from sandbox.stack import Stack
from tests.e2e.keycloak.real import Keycloak
from tests.e2e.stack import CoreView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Short lives, so that what Keycloak changes is seen within a test. The defaults are ten times as long and more.
QUICK = {"KEYS_TTL": "1", "KEYS_COOLDOWN": "1", "JWT_LEEWAY": "1"}


def trusting(keycloak: Keycloak, ready: str = "/readyz", **settings: str) -> Stack:
    """A gateway that lets in the tokens of the realm, with a core behind it."""
    needed = {
        "KEYCLOAK_URL": keycloak.part.url,
        "KEYCLOAK_REALM": keycloak.realm,
        "KEYCLOAK_AUDIENCE": AUDIENCE,
        "REQUIRED_ROLE": ROLE,
    }
    return Stack({**needed, **QUICK, **settings}, ready=ready)


@pytest.fixture(scope="session")
def distribution() -> Distribution:
    try:
        return Distribution(REALM_FILE, version=os.environ.get("KEYCLOAK_VERSION", VERSION))
    except Unavailable as exc:
        pytest.skip(f"no Keycloak here: {exc}")


@pytest.fixture(scope="session")
def keycloak(distribution: Distribution, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    part = server(distribution, tmp_path_factory.mktemp("keycloak"))
    try:
        part.start()
        yield Keycloak(part, distribution.home)
    finally:
        part.kill()


@pytest.fixture(scope="session")
def gateway(keycloak: Keycloak) -> Iterator[Stack]:
    """The gateway of most tests: nothing but the settings that it needs."""
    with trusting(keycloak) as stack:
        yield stack


@pytest.fixture(scope="module")
def make_gateway(keycloak: Keycloak) -> Iterator[Callable[..., Stack]]:
    """``make_gateway(PARTNER_CLAIM="partners")``: another one with its core, up until the module ends."""
    with ExitStack() as running:
        yield lambda ready="/readyz", **settings: running.enter_context(trusting(keycloak, ready, **settings))


@pytest.fixture
def core(gateway: Stack) -> CoreView:
    """What this test's calls did to the core."""
    gateway.core.control("POST", "reset")
    return CoreView(gateway)
