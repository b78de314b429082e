"""``python -m sandbox seeds``: what a fresh sandbox holds, as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sandbox.core.magic import ALWAYS, FAULT_OF_NUMBER, FIRST_TRY
from sandbox.core.seed import ACTIONS, FIRST_ACTION, identifier, integrations
from sandbox.identity.realm import AUDIENCE, CLIENTS, REALM, USERS

if TYPE_CHECKING:
    import argparse


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "Print the seeded ids, clients and users. They are the same on every machine."
    commands.add_parser("seeds", help="print the seeded ids", description=text).set_defaults(run=_run)


def _run(_options: argparse.Namespace) -> int:
    print(json.dumps(seeds(), indent=2))
    return 0


def seeds() -> dict[str, object]:
    return {
        "actions": {"first": FIRST_ACTION, "last": FIRST_ACTION + ACTIONS - 1},
        "faults": {
            kind: {"always": ALWAYS + number, "first_try": FIRST_TRY + number}
            for number, kind in FAULT_OF_NUMBER.items()
        },
        "integrations": [
            {
                "id": integration.id,
                "name": integration.name,
                "forbidden": integration.is_forbidden,
                "actions": {name: identifier(f"{integration.name}/{name}") for name in integration.actions},
            }
            for integration in integrations()
        ],
        "realm": REALM,
        "audience": AUDIENCE,
        "clients": {client.id: client.secret for client in CLIENTS.values()},
        "users": {user.name: user.password for user in USERS.values()},
    }
