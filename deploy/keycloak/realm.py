"""What ``realm.json`` holds, read from it: names and the throw-away secrets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

REALM_FILE = Path(__file__).with_name("realm.json")
REALM = "partners"
AUDIENCE = "bulk-update-gateway"
ROLE = "actions:write"


class Credentials(NamedTuple):
    """``clients``: secret by client id, empty for a public one; ``users``: password by name."""

    clients: dict[str, str]
    users: dict[str, str]


def credentials() -> Credentials:
    """Everyone who can get a token."""
    realm = json.loads(REALM_FILE.read_bytes())
    people = [user for user in realm["users"] if "credentials" in user]
    return Credentials(
        clients={client["clientId"]: client.get("secret", "") for client in realm["clients"]},
        users={user["username"]: user["credentials"][0]["value"] for user in people},
    )
