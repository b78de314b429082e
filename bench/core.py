"""The stubs of the core, the identity provider and the collector of traces: one nginx with Lua on loopback."""

from __future__ import annotations

import json
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.processes import Process, answers, free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bench.tokens import Issuer

_HERE = Path(__file__).parent / "core"


class Core:
    """``PATCH {url}/actions/{id}`` echoes the action; ``{url}/realms/…`` serves the issuer's keys, ``{url}/v1/traces``
    takes spans (OTLP over HTTP). Latency by command."""

    def __init__(self, folder: Path, cores: Iterable[int]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder, self._cores = folder, cores

    @contextmanager
    def running(self, issuer: Issuer) -> Iterator[Process]:
        """Write the configuration and the key set, then listen until the block is left."""
        self._write_realm(issuer)
        text = (_HERE / "nginx.conf").read_text()
        for name, value in (("DIR", self._folder), ("HERE", _HERE), ("PORT", self.port)):
            text = text.replace(f"@{name}@", str(value))
        (self._folder / "nginx.conf").write_text(text)
        command = ["nginx", "-e", "stderr", "-c", str(self._folder / "nginx.conf")]
        log = self._folder / "core.log"
        with log.open("wb") as file, Process(command, cores=self._cores, log=file) as process:
            wait_until(lambda: answers(self.port), process=process, seconds=10, what="the stub core")
            yield process

    def calls(self) -> int:
        """How many calls it has taken since its start."""
        return int(self._get("/_bench/calls"))

    def ledger(self) -> tuple[int, int]:
        """How many ids came below ``/counted``, and how often the most frequent one did."""
        found = json.loads(self._get("/_bench/ledger"))
        return found["distinct"], found["most"]

    def exports(self) -> int:
        """How many times spans were exported to it."""
        return int(self._get("/_bench/exports"))

    def delay(self, milliseconds: int) -> None:
        """Let every later call take this long."""
        self._get(f"/_bench/delay?ms={milliseconds}")

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return bytes(answer.read())

    def _write_realm(self, issuer: Issuer) -> None:
        realm = self._folder / "realms" / issuer.realm
        certs = realm / "protocol" / "openid-connect" / "certs"
        discovery = realm / ".well-known" / "openid-configuration"
        for path, document in ((certs, issuer.keys()), (discovery, issuer.discovery())):
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(document))
