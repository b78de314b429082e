"""Keys that come and go while the gateway runs, by the admin API."""

from __future__ import annotations

import time

import pytest

from tests.e2e.keycloak.real import eventually, parts, send

pytestmark = [pytest.mark.keycloak, pytest.mark.timeout(360)]


class KeyRing:
    """The RS256 keys of the realm: the one of the highest priority signs."""

    def __init__(self, keycloak):
        self._admin = keycloak.admin
        self._realm_id = self._admin.get_realm(keycloak.realm)["id"]
        self._added = []

    def add(self):
        """A new key, which signs from now on; its component's id."""
        config = {"priority": [str(101 + len(self._added))], "keySize": ["2048"], "algorithm": ["RS256"]}
        kind = {"providerType": "org.keycloak.keys.KeyProvider", "providerId": "rsa-generated"}
        component = {**kind, "name": f"added-{time.time_ns()}", "parentId": self._realm_id, "config": config}
        self._added.append(self._admin.create_component(component))
        return self._added[-1]

    def retire(self, component):
        """It signs no more, and is still published."""
        self._change(component, active="false")

    def disable(self, component):
        """It is published no more."""
        self._change(component, enabled="false")

    def delete(self, component):
        """It is gone."""
        self._added.remove(component)
        self._admin.delete_component(component)

    def restore(self):
        """The realm's own key signs again."""
        while self._added:
            self.delete(self._added[-1])

    def _change(self, component, **config):
        known = self._admin.get_component(component)
        changed = known["config"] | {name: [value] for name, value in config.items()}
        self._admin.update_component(component, known | {"config": changed})


@pytest.fixture
def keys(keycloak):
    ring = KeyRing(keycloak)
    yield ring
    ring.restore()


def test_a_token_of_a_new_key_is_accepted_within_the_cool_down(keycloak, gateway, keys):
    before = keycloak.token()
    assert send(gateway, before).status == 200

    keys.add()
    after = keycloak.token()

    assert parts(after)[0]["kid"] != parts(before)[0]["kid"]
    eventually(lambda: send(gateway, after).status == 200)
    assert send(gateway, before).status == 200


def test_a_passive_key_verifies_what_it_signed(keycloak, gateway, keys):
    retired = keys.add()
    before = keycloak.token()
    keys.retire(retired)
    after = keycloak.token()

    assert parts(after)[0]["kid"] != parts(before)[0]["kid"]
    eventually(lambda: send(gateway, before).status == 200)
    assert send(gateway, after).status == 200


@pytest.mark.parametrize("withdraw", [KeyRing.disable, KeyRing.delete])
def test_a_withdrawn_key_stops_being_accepted_though_its_token_was_known(keycloak, gateway, keys, withdraw):
    stolen = keys.add()
    before = keycloak.token()
    eventually(lambda: send(gateway, before).status == 200)

    withdraw(keys, stolen)

    eventually(lambda: send(gateway, before).status == 401)
    assert send(gateway, keycloak.token()).status == 200


def test_what_was_issued_before_the_realms_not_before_is_revoked(keycloak, gateway):
    before = keycloak.token()
    assert send(gateway, before).status == 200

    keycloak.admin.update_realm(keycloak.realm, {"notBefore": parts(before)[1]["iat"] + 1})
    try:
        eventually(lambda: send(gateway, before).status == 401)
        eventually(lambda: time.time() > parts(before)[1]["iat"] + 1)
        assert send(gateway, keycloak.token()).status == 200
    finally:
        keycloak.admin.update_realm(keycloak.realm, {"notBefore": 0})
