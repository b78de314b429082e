"""Core, identity provider and the real gunicorn on free loopback ports."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import weakref
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sandbox.background import ROOT, Background, StackError
from sandbox.core.dialects import DIALECTS
from sandbox.identity.realm import AUDIENCE, CLIENTS, REALM, WRITE
from sandbox.part import START_SECONDS, Part
from sandbox.web import call

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

PREFIX = "GATEWAY_"
MAPS = ROOT / "sandbox" / "maps"
_POLL_SECONDS = 0.05
# A job outlives its caller's token, so the gateway has one of its own.
_FOR_JOBS = {
    "CORE_AUTH": "client_credentials",
    "CORE_CLIENT_ID": "gateway",
    "CORE_CLIENT_SECRET": CLIENTS["gateway"].secret,
}


def add_core_option(parser: argparse.ArgumentParser) -> None:
    text = "the core's dialect, with its map in sandbox/maps (default: that of the contract)"
    parser.add_argument("--core", choices=sorted(DIALECTS), default="", help=text)


class Stack:
    """Starts on entering, stops on leaving, whatever happens between.

    ``settings`` are names without prefix (``{"BATCH_DEADLINE": "2"}``) and win over the usual ones.
    With ``CORE_URL`` or ``KEYCLOAK_URL`` among them, that server is not started.
    ``core`` and ``identity`` are options of those commands. ``app`` is what gunicorn serves.
    ``dialect`` is the core's, and the gateway gets its map; empty: that of the contract.
    ``port`` is the gateway's; 0: a free one. ``job_workers`` run jobs beside it.
    ``ready`` is the path that must answer 200 before the gateway counts as up.
    Logs and state are under ``folder``, by default a temporary one.
    """

    def __init__(
        self,
        settings: Mapping[str, str] | None = None,
        *,
        core: Sequence[str] = (),
        identity: Sequence[str] = (),
        ready: str = "/readyz",
        folder: Path | None = None,
        app: str = "wsgi:app",
        port: int = 0,
        job_workers: int = 0,
        dialect: str = "",
    ) -> None:
        self._settings = {**({"CORE_MAP": str(MAPS / f"{dialect}.toml")} if dialect else {}), **(settings or {})}
        self.folder = folder or Path(tempfile.mkdtemp(prefix="sandbox-stack-"))
        # Also where it is never entered, as by who wants its environment alone.
        self._tidy = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True) if folder is None else None
        state = str(self.folder / "core")
        spoken = ("--dialect", dialect) if dialect else ()
        options = ("--auth", "bearer", "--state", state, *spoken, *core)
        self.core = self._part("core", _sandbox("core", *options), "/healthz")
        self.identity = self._part("identity", _sandbox("identity", *identity), "/healthz")
        self.gateway = self._part("gateway", _gunicorn(app), ready, port)
        self.job_workers = [
            Background(f"job-worker-{number}", self.folder, environment=_surroundings())
            for number in range(1, job_workers + 1)
        ]

    def __enter__(self) -> Self:
        """Start everything. Raises StackError, with nothing left running."""
        try:
            for server in self._servers():
                server.start()
            self.gateway.environment = self.environment()
            for worker in self.job_workers:
                self.employ(worker)
            self.gateway.start()
            self._wait_for_jobs()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    @property
    def parts(self) -> Sequence[Background]:
        """Those that are started, in that order."""
        return [*self._servers(), self.gateway, *self.job_workers]

    def _servers(self) -> Sequence[Part]:
        pairs = ((self.core, "CORE_URL"), (self.identity, "KEYCLOAK_URL"))
        return [part for part, variable in pairs if variable not in self._settings]

    def employ(self, worker: Background) -> None:
        """Let it run jobs, for the first time or again."""
        worker.environment = self.environment()
        worker.run([sys.executable, "-m", "gateway.jobs"])

    def environment(self) -> dict[str, str]:
        """The variables the gateway runs with."""
        usual = {
            "CORE_URL": self.core.url,
            **(_FOR_JOBS if self.job_workers else {"CORE_AUTH": "forward"}),
            "CORE_HONOURS_IDEMPOTENCY": "true",
            "KEYCLOAK_URL": self.identity.url,
            "KEYCLOAK_REALM": REALM,
            "KEYCLOAK_AUDIENCE": AUDIENCE,
            "REQUIRED_ROLE": WRITE,
            "STATE_DIR": str(self.folder / "state"),
        }
        return _surroundings() | {PREFIX + name: value for name, value in {**usual, **self._settings}.items()}

    def token(self, client: str = "partner") -> str:
        """A fresh access token of a seeded client."""
        form = {"grant_type": "client_credentials", "client_id": client, "client_secret": CLIENTS[client].secret}
        reply = call("POST", f"{self.identity.url}/realms/{REALM}/protocol/openid-connect/token", form=form)
        if reply.status != HTTPStatus.OK:
            raise StackError(f"no token for {client}: {reply.body.decode()}")
        token: str = reply.json()["access_token"]
        return token

    def api_key(self, name: str = "sandbox", *options: str, scope: str = "INTEGRATION_API") -> str:
        """A fresh API key, made by the gateway's own command."""
        command = [sys.executable, "-m", "gateway.keys", "create", "--name", name, "--scope", scope, "--json", *options]
        made = subprocess.run(command, cwd=ROOT, env=self.environment(), capture_output=True, text=True, timeout=30)
        if made.returncode:
            raise StackError(f"no API key: {made.stderr.strip()}")
        key: str = json.loads(made.stdout)["key"]
        return key

    def _wait_for_jobs(self) -> None:
        give_up = time.monotonic() + START_SECONDS
        while self.job_workers and not self._takes_jobs():
            for worker in self.job_workers:
                if not worker.is_running() or time.monotonic() > give_up:
                    raise StackError(f"{worker.name} runs no jobs:\n{worker.tail()}")
            time.sleep(_POLL_SECONDS)

    def _takes_jobs(self) -> bool:
        check = call("GET", f"{self.gateway.url}/readyz").json()["checks"]["jobs"]
        return {"detail", "reason"}.isdisjoint(check)

    def _part(self, name: str, command: Callable[[int], list[str]], ready: str, port: int = 0) -> Part:
        return Part(name, command, self.folder, ready, environment=_surroundings(), port=port)

    def _stop(self) -> None:
        # Nobody waits for an answer any more, so there is nothing to drain.
        for part in (*self.job_workers, self.gateway, self.identity, self.core):
            part.kill()
        if self._tidy:
            self._tidy()


def _sandbox(*arguments: str) -> Callable[[int], list[str]]:
    return lambda port: [sys.executable, "-m", "sandbox", *arguments, "--port", str(port)]


def _gunicorn(app: str) -> Callable[[int], list[str]]:
    server = [sys.executable, "-m", "gunicorn", "-c", "python:gateway.server", app]
    return lambda port: ["env", f"{PREFIX}BIND=127.0.0.1:{port}", *server]


def _surroundings() -> dict[str, str]:
    # All is on loopback: a proxy of the surroundings would hold its parts apart.
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(PREFIX) and not name.lower().endswith("_proxy")
    }
    return inherited | {"PYTHONUNBUFFERED": "1"}
