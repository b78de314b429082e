"""One running Keycloak: a home and a database of its own, on a free loopback port."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from deploy.keycloak.distribution import command, environment, linked
from deploy.keycloak.realm import REALM
from sandbox.part import Part

if TYPE_CHECKING:
    from pathlib import Path

    from deploy.keycloak.distribution import Distribution

START_SECONDS = 120.0
# Nothing of it may listen beyond loopback, so it must not look for others to form a cluster with.
_OPTIONS = ("--optimized", "--cache=local", "--http-enabled=true", "--hostname-strict=false", "--http-host=127.0.0.1")


def server(distribution: Distribution, folder: Path) -> Part:
    """A server that keeps its state in ``folder``, over restarts too; not started yet."""
    home = linked(distribution.home, folder / "home")
    shutil.copytree(distribution.data, home / "data")
    return Part(
        "keycloak",
        lambda port: command(home, "start", *_OPTIONS, f"--http-port={port}"),
        folder,
        f"/realms/{REALM}",
        environment=environment(),
        start_seconds=START_SECONDS,
    )
