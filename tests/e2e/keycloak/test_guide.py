"""``docs/keycloak.md`` followed to the letter, on a fresh realm as Keycloak makes it."""

from __future__ import annotations

import os
import subprocess

import pytest

from deploy.keycloak.distribution import ADMIN
from deploy.keycloak.realm import AUDIENCE
from sandbox.stack import Stack
from sandbox.web import call
from tests.docs import blocks
from tests.e2e.keycloak.conftest import QUICK
from tests.e2e.keycloak.real import OWN_PARTNER, SECRET, Keycloak, item, parts, send
from tests.e2e.keycloak.recording_core import recording_core

pytestmark = [pytest.mark.keycloak, pytest.mark.timeout(360)]


def guide(language):
    """Its blocks of a language, as one text."""
    return "".join(block.text for block in blocks(language) if block.page == "keycloak.md")


@pytest.fixture(scope="module")
def guided(keycloak, tmp_path_factory):
    """A new realm after all commands of the guide."""
    keycloak.admin.create_realm({"realm": "guided", "enabled": True})
    home = tmp_path_factory.mktemp("operator")
    environment = {
        "PATH": f"{keycloak.home / 'bin'}:{os.environ['PATH']}",
        "KC_OPTS": f"-Duser.home={home} -XX:TieredStopAtLevel=1",
        "KEYCLOAK": keycloak.part.url,
        "REALM": "guided",
        "ADMIN": ADMIN,
        "ADMIN_PASSWORD": ADMIN,
        "INTROSPECTION_SECRET": SECRET,
        "PARTNER_SECRET": SECRET,
        "CORE_SECRET": SECRET,
    }
    script = "set -euo pipefail\n" + guide("sh")
    ran = subprocess.run(["bash"], input=script, env=environment, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return Keycloak(keycloak.part, keycloak.home, "guided")


@pytest.fixture(scope="module")
def core():
    with recording_core() as core:
        yield core


@pytest.fixture(scope="module")
def gateway(guided, core, tmp_path_factory):
    """A gateway with the guide's settings; only addresses and the files of secrets are this machine's."""
    secret = tmp_path_factory.mktemp("secrets") / "secret"
    secret.write_text(SECRET)
    settings = dict(line.removeprefix("GATEWAY_").split("=", 1) for line in guide("ini").split())
    files = {name: str(secret) for name in settings if name.endswith("_FILE")}
    here = {"KEYCLOAK_URL": guided.part.url, "KEYCLOAK_REALM": guided.realm, "CORE_URL": core.url}
    with Stack({**settings, **files, **here, **QUICK}, ready="/livez") as stack:
        yield stack


def test_the_guides_partner_is_let_in_and_may_name_its_partner_alone(guided, gateway, core):
    token = guided.token("acme")

    assert parts(token)[1]["exp"] - parts(token)[1]["iat"] == 300
    assert send(gateway, token, item(partner_ids=[OWN_PARTNER])).status == 200
    assert parts(core.tokens[-1])[1]["azp"] == "gateway"
    assert send(gateway, token, item(partner_ids=[OWN_PARTNER[:-1] + "f"])).status == 400


def test_the_guides_partner_without_the_role_is_told_so(guided, gateway):
    admin = guided.admin
    client = admin.create_client({"clientId": "new", "secret": SECRET, "serviceAccountsEnabled": True})
    scopes = {scope["name"]: scope["id"] for scope in admin.get_client_scopes()}
    admin.add_client_default_client_scope(client, scopes[AUDIENCE], {})

    assert send(gateway, guided.token("new")).status == 403


def test_tokens_of_two_realms_and_of_an_issuer_with_another_name(keycloak, guided, make_gateway):
    """Keycloak names itself as its caller did; the gateway reaches it by another name and believes only this issuer."""
    outside = guided.part.url.replace("127.0.0.1", "localhost")
    issuers = f"{keycloak.url},{outside}/realms/{guided.realm}"
    both = make_gateway(KEYCLOAK_REALM=f"{keycloak.realm},{guided.realm}", KEYCLOAK_ISSUER=issuers)
    form = guided.form_of("acme") | {"grant_type": "client_credentials"}
    reply = call("POST", f"{outside}/realms/{guided.realm}/protocol/openid-connect/token", form=form)

    assert send(both, keycloak.token()).status == 200
    assert send(both, reply.json()["access_token"]).status == 200
    assert send(both, guided.token("acme")).status == 401


def test_a_device_is_let_in_by_the_client_of_the_guide(guided):
    reply = call("POST", f"{guided.url}/protocol/openid-connect/auth/device", form={"client_id": "actions"})

    assert reply.status == 200, reply.body
    assert reply.json()["verification_uri_complete"].startswith(guided.url)
