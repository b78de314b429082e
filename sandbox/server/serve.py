"""What both servers share: options, binding, the announcement, serving until asked to stop."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson

from sandbox.server.connection import Connection, Traffic
from sandbox.server.messages import Handler

if TYPE_CHECKING:
    import argparse

BACKLOG = 2048

Build = Callable[[str, Traffic], Handler]


def add_server_options(parser: argparse.ArgumentParser) -> None:
    """``--host``, ``--port``, ``--i-know`` and the weather."""
    parser.add_argument("--host", default="127.0.0.1", help="address to bind (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to bind; 0, the default, takes a free one")
    parser.add_argument("--i-know", action="store_true", help="allow an address that others can reach")
    parser.add_argument("--latency-ms", type=float, default=0.0, metavar="MS", help="wait before each answer")
    parser.add_argument("--fault-rate", type=float, metavar="SHARE", help="share of calls that fail, 0 to 1")
    parser.add_argument(
        "--faults", default="", metavar="LIST", help="comma-separated kinds to draw from (default: 500,503,reset)"
    )


def weather_options(options: argparse.Namespace) -> dict[str, Any]:
    """The weather that the command line asks for, as ``weather`` takes it."""
    wanted: dict[str, Any] = {"latency_ms": options.latency_ms}
    if options.faults:
        wanted["faults"] = [kind.strip() for kind in options.faults.split(",")]
    if options.fault_rate is not None:
        wanted["fault_rate"] = options.fault_rate
    return wanted


def check_address(host: str, is_allowed: bool, warn: Callable[[str], None]) -> None:
    """Refuse what others can reach, with one line, unless the user has said that they know. Raises SystemExit."""
    if _is_loopback(host):
        return
    if not is_allowed:
        raise SystemExit(
            f"sandbox: {host} is not a loopback address and the sandbox protects nothing; use --i-know to bind it"
        )
    warn(f"sandbox: bound to {host}, where others can reach it; it protects nothing")


def run(build: Build, options: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM. Prints ``{"url": …}`` on one line once connections are accepted."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    check_address(options.host, options.i_know, logging.getLogger(__name__).warning)
    try:
        listener = socket.create_server((options.host, options.port), family=_family(options.host), backlog=BACKLOG)
    except OSError as exc:
        raise SystemExit(f"sandbox: cannot bind {options.host} port {options.port}: {exc.strerror}") from exc
    with listener, contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(build, listener))
    return 0


@asynccontextmanager
async def serving(build: Build, listener: socket.socket) -> AsyncIterator[str]:
    """Serve on a bound socket while inside; gives the URL. Connections that are open at the end are cut."""
    url, traffic = _url(listener), Traffic()
    handle = build(url, traffic)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(handle, traffic), sock=listener, backlog=BACKLOG)
    try:
        yield url
    finally:
        server.close()
        for transport in traffic.open:
            transport.abort()
        await asyncio.sleep(0)


async def _serve(build: Build, listener: socket.socket) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with serving(build, listener) as url:
        sys.stdout.write(orjson.dumps({"url": url}).decode() + "\n")
        sys.stdout.flush()
        await stopped.wait()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
