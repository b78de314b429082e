"""``make keycloak``: a real Keycloak with the realm of ``realm.json``, kept running until Ctrl-C."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.keycloak.distribution import ADMIN, VERSION, Distribution, Failed, Unavailable
from deploy.keycloak.realm import AUDIENCE, REALM, REALM_FILE, ROLE, credentials
from deploy.keycloak.server import server
from gateway.ending import run_to_its_end
from sandbox.background import StackError

if TYPE_CHECKING:
    from sandbox.part import Part


def main() -> int:
    """Start, say how to reach it, and wait."""
    version = os.environ.get("KEYCLOAK_VERSION", VERSION)
    print(f"Keycloak {version}; the first time it is fetched and built, which takes a minute.", flush=True)
    try:
        return _serve(Distribution(REALM_FILE, version=version))
    except KeyboardInterrupt:
        print("\nstopped")
        return 0
    except (Unavailable, Failed, StackError) as exc:
        raise SystemExit(f"keycloak: {exc}") from exc


def _serve(distribution: Distribution) -> int:
    with tempfile.TemporaryDirectory(prefix="keycloak-") as folder:
        keycloak = server(distribution, Path(folder))
        try:
            keycloak.start()
            print(_words(keycloak), flush=True)
            while keycloak.is_running():
                time.sleep(0.5)
            sys.stderr.write(f"keycloak ended:\n{keycloak.tail()}\n")
            return 1
        finally:
            keycloak.kill()


def _words(keycloak: Part) -> str:
    known = credentials()
    clients = [f"  {name:<20} {secret or '(public)'}" for name, secret in known.clients.items()]
    users = [f"  {name:<20} {password}" for name, password in known.users.items()]
    return "\n".join(
        [
            f"console  {keycloak.url}/admin/{REALM}/console/  ({ADMIN} / {ADMIN})",
            f"realm    {keycloak.url}/realms/{REALM}",
            f"log      {keycloak.log}",
            "\nclients (id, secret):",
            *clients,
            "users (name, password; through the client portal):",
            *users,
            f"\nexport GATEWAY_KEYCLOAK_URL={keycloak.url} GATEWAY_KEYCLOAK_REALM={REALM}",
            f"export GATEWAY_KEYCLOAK_AUDIENCE={AUDIENCE} GATEWAY_REQUIRED_ROLE={ROLE}",
            f"\ncurl -d grant_type=client_credentials -d client_id=partner -d client_secret={known.clients['partner']} \\",
            f"  {keycloak.url}/realms/{REALM}/protocol/openid-connect/token",
            "\nCtrl-C stops it.",
        ]
    )


if __name__ == "__main__":
    sys.exit(run_to_its_end(main))
