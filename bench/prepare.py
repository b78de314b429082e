"""Installs what the run needs: nginx and wrk from Debian's packages, the peers' dependencies into a cache of ours.

Every step is skipped when its result stands already; a peer whose toolchain is missing is left out with the reason.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PEERS = Path(__file__).with_name("peers")
_LUA_MODULE = Path("/etc/nginx/modules-enabled/50-mod-http-lua.conf")


class Missing(Exception):
    """A toolchain is not there or could not do its work; the message says which."""


def cache() -> Path:
    """Where dependencies and builds are kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "bulk-update-gateway" / "bench"


def system_packages() -> None:
    """nginx with Lua, and wrk. Raises Missing where they can neither be found nor installed."""
    if shutil.which("nginx") and shutil.which("wrk") and _LUA_MODULE.exists():
        return
    # RUNLEVEL=1 keeps Debian from starting its own nginx on port 80.
    env = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "nginx", "libnginx-mod-http-lua", "wrk"]
    _run(["apt-get", "update", "-q"], env=env)
    try:
        _run(install, env=env)
    except Missing:
        # Debian's two LuaJITs replace each other in the first pass, which can end with an error and a half-done state.
        _run(install, env=env)


# Rows start many of it, and the build looks through all sources before it finds nothing to do.
@lru_cache(1)
def compiled() -> Path:
    """A copy of this tree with the hot path compiled. Raises Missing without mypyc or a C compiler."""
    folder = cache() / f"compiled-{sys.implementation.cache_tag}"
    _run([sys.executable, "-m", "deploy.compiled", str(folder)], cwd=Path(__file__).parents[1])
    return folder


def python_peers() -> Path:
    """A venv of this Python with the peers' packages; gives its interpreter."""
    requirements = PEERS / "python" / "requirements.txt"
    folder = cache() / f"venv-{sys.version_info[0]}.{sys.version_info[1]}-{_digest(requirements)}"

    def build() -> None:
        _run([sys.executable, "-m", "venv", str(folder)])
        _run([str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "-r", str(requirements)])

    _once(folder, build)
    return folder / "bin" / "python"


def node_peer() -> Path:
    """The Node peer beside its packages; gives the folder to run it in. Raises Missing without Node and npm."""
    _need("node", "npm")
    source = PEERS / "node"
    folder = cache() / f"node-{_digest(*source.iterdir())}"

    def build() -> None:
        shutil.copytree(source, folder)
        _run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"], cwd=folder)

    _once(folder, build)
    return folder


def go_peers() -> Path:
    """The Go peers, compiled; gives the folder of the binaries. Raises Missing without a Go toolchain."""
    _need("go")
    source = PEERS / "go"
    version = subprocess.run(["go", "version"], capture_output=True, check=True).stdout
    folder = cache() / f"go-{_digest(*(path for path in source.rglob('*') if path.is_file()), salt=version)}"

    def build() -> None:
        folder.mkdir(parents=True)
        _run(["go", "build", "-o", str(folder), "./..."], cwd=source)

    _once(folder, build)
    return folder


def _need(*tools: str) -> None:
    for tool in tools:
        if not shutil.which(tool):
            raise Missing(f"no {tool} on this machine")


def _once(folder: Path, build: Callable[[], None]) -> None:
    """Build into ``folder`` unless an earlier run finished it; half a build is thrown away."""
    done = folder / ".done"
    if done.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    build()
    done.touch()


def _digest(*files: Path, salt: bytes = b"") -> str:
    digest = hashlib.sha256(salt)
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _run(command: Sequence[str], *, env: dict[str, str] | None = None, cwd: Path | None = None) -> None:
    print("  $", " ".join(command[:4]), "…", file=sys.stderr, flush=True)
    try:
        subprocess.run(command, env={**os.environ, **(env or {})}, cwd=cwd, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as exc:
        tail = getattr(exc, "stderr", b"") or b""
        raise Missing(f"{command[0]} failed: {tail.decode(errors='replace').strip()[-300:] or exc}") from exc
