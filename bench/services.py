"""What is measured: the gateway and its peers, how each is prepared and started."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench import prepare
from bench.processes import Process, answers, free_port, wait_until
from bench.tokens import AUDIENCE, Issuer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_ROOT = Path(__file__).parent.parent
Command = tuple[list[str], Path]


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its short ``name``, a ``title`` for tables, and how its command comes about."""

    name: str
    title: str
    command: Callable[[int], Command]


@dataclass(frozen=True, slots=True)
class Running:
    """A service that answers."""

    service: Service
    process: Process
    url: str


def _gateway(folder: Callable[[], Path]) -> Callable[[int], Command]:
    start = [sys.executable, "-m", "gunicorn", "-c", "python:gateway.server"]
    return lambda port: ([*start, "-b", f"127.0.0.1:{port}", "wsgi:app"], folder())


def _python(script: str) -> Callable[[int], Command]:
    return lambda _port: ([str(prepare.python_peers()), script], prepare.PEERS / "python")


def _flask(port: int) -> Command:
    options = ["-k", "gthread", "--threads", "8", "-b", f"127.0.0.1:{port}", "flask_naive:app"]
    return [str(prepare.python_peers()), "-m", "gunicorn", *options], prepare.PEERS / "python"


def _node(_port: int) -> Command:
    return ["node", "server.js"], prepare.node_peer()


def _go(binary: str) -> Callable[[int], Command]:
    return lambda _port: ([str(prepare.go_peers() / binary)], prepare.PEERS)


GATEWAY = Service("gateway", "this gateway", _gateway(lambda: _ROOT))
COMPILED = Service("gateway-compiled", "this gateway, compiled", _gateway(prepare.compiled))
PEERS = (
    COMPILED,
    Service("go-fasthttp", "Go fasthttp", _go("fasthttp")),
    Service("go-nethttp", "Go net/http", _go("nethttp")),
    Service("node", "Node fastify + undici", _node),
    Service("starlette", "Starlette + aiohttp + msgspec", _python("starlette_aiohttp.py")),
    Service("fastapi", "FastAPI + pydantic + httpx", _python("fastapi_httpx.py")),
    Service("flask", "Flask + Marshmallow + requests, naive", _flask),
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every service is started into: the core, the issuer, the cores to run on and a folder for its files.

    ``more`` are environment variables beside those that all need. ``gateway``: the form in which ours is compared with
    itself.
    """

    core_url: str
    issuer: Issuer
    cores: Iterable[int]
    folder: Path
    more: Mapping[str, str] = field(default_factory=dict)
    gateway: Service = GATEWAY

    def environment(self, port: int) -> dict[str, str]:
        """Settings of the gateway and of the peers."""
        return {
            "GATEWAY_CORE_URL": self.core_url,
            "GATEWAY_CORE_AUTH": "none",
            "GATEWAY_KEYCLOAK_URL": self.issuer.base_url,
            "GATEWAY_KEYCLOAK_REALM": self.issuer.realm,
            "GATEWAY_KEYCLOAK_AUDIENCE": AUDIENCE,
            "GATEWAY_STATE_DIR": str(self.folder / "state"),
            "GATEWAY_LOG_LEVEL": "warning",
            # A second of W4 sends what is meant for a minute; what is over it is refused unread.
            "GATEWAY_UNSENT_RATE_LIMIT": "1000000000/minute",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.core_url,
            "CORE_URL": self.core_url,
            "ISSUER": self.issuer.url,
            "AUDIENCE": AUDIENCE,
            "PORT": str(port),
            "NODE_ENV": "production",
            **self.more,
        }


@contextmanager
def running(service: Service, into: Surroundings, **settings: str) -> Iterator[Running]:
    """Start a service on a port of its own and wait until it answers.

    ``settings`` are more ``GATEWAY_*`` variables, named without the prefix. Raises prepare.Missing or RuntimeError.
    """
    port = free_port()
    command, cwd = service.command(port)
    env = into.environment(port) | {f"GATEWAY_{name.upper()}": value for name, value in settings.items()}
    log = into.folder / f"{service.name}.log"
    with log.open("ab") as file, Process(command, cores=into.cores, log=file, env=env, cwd=cwd) as process:
        try:
            wait_until(lambda: answers(port), process=process, seconds=30, what=service.title)
        except RuntimeError as exc:
            raise RuntimeError(f"{exc}: {_tail(log)}") from exc
        yield Running(service, process, f"http://127.0.0.1:{port}")


def _tail(log: Path) -> str:
    return os.linesep.join(log.read_text(errors="replace").splitlines()[-8:])
