"""A Redis of the bench's own."""

from __future__ import annotations

import shutil
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from bench.processes import Process, free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.rig import Rig
    from bench.services import Surroundings


class Redis(NamedTuple):
    process: Process
    url: str


@contextmanager
def running_redis(rig: Rig, into: Surroundings) -> Iterator[Redis | None]:
    """It keeps what it is given, as jobs demand. None where ``redis-server`` is not installed."""
    if not shutil.which("redis-server"):
        yield None
        return
    port = free_port()
    folder = into.folder / f"redis-{port}"
    folder.mkdir()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--appendonly", "yes"]
    # As a Redis of one's own host, it takes no processor from a gateway. It waited for several whose turns are long, one after
    # the other, and so longer than a gateway waits for an answer.
    cores = rig.processors.others
    with (folder / "redis.log").open("ab") as log, Process(command, cores=cores, log=log) as process:
        wait_until(lambda: _answers(port), process=process, seconds=10, what="redis-server")
        yield Redis(process, f"redis://127.0.0.1:{port}/0")


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
