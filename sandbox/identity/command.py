"""``python -m sandbox identity``: its options, and how the provider is put together."""

from __future__ import annotations

import argparse

from sandbox.identity.app import Identity
from sandbox.identity.climate import Climate
from sandbox.identity.errors import identity_faults
from sandbox.identity.keys import ALGORITHMS, KeyRing
from sandbox.identity.realm import CLIENTS, REALM, USERS, Realm
from sandbox.server.serve import add_server_options, run, weather_options


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "identity",
        help="an identity provider with Keycloak's paths",
        description="An identity provider with Keycloak's own paths. Keys are made at start and never stored.",
        epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_server_options(parser)
    parser.add_argument("--realm", action="append", metavar="NAME", help=f"a realm, repeatable (default: {REALM})")
    parser.add_argument("--algorithm", choices=ALGORITHMS, default="RS256", help="of the signing keys")
    parser.add_argument("--access-seconds", type=int, default=300, metavar="S", help="life of an access token")
    parser.add_argument("--public-url", metavar="URL", help="what issuers start with (default: the address bound)")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    try:
        climate = Climate(weather_options(options))
    except ValueError as exc:
        raise SystemExit(f"sandbox: {exc}") from exc
    return run(lambda url, _traffic: Identity(_realms(options.public_url or url, options), climate), options)


def _realms(url: str, options: argparse.Namespace) -> dict[str, Realm]:
    return {
        name: Realm(name, f"{url.rstrip('/')}/realms/{name}", KeyRing(options.algorithm), options.access_seconds)
        for name in options.realm or [REALM]
    }


def _epilog() -> str:
    clients = [
        f"  {client.id:<8} {client.secret or '(public)':<15} {' '.join(client.roles)}" for client in CLIENTS.values()
    ]
    users = [f"  {user.name:<8} {user.password:<15} {' '.join(user.roles)}" for user in USERS.values()]
    faults = [f"  {kind:<14} {fault.text}" for kind, fault in identity_faults().items()]
    return "\n".join(["clients (id, secret, roles):", *clients, "users:", *users, "faults:", *faults])
