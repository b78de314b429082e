"""The generators and linters of the document: ``python -m tests.clients.tools`` fetches them, once, outside the repository.

What is fetched is locked: versions here and in ``pom.xml``, hashes in ``package-lock.json`` and ``requirements.txt``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).parent
GENERATOR = "7.25.0"
LOCKS = ("package.json", "package-lock.json", "requirements.txt", "pom.xml")

_MAVEN = ("mvn", "--batch-mode", "--quiet", "--strict-checksums")
_DEPENDENCY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"


class Unavailable(Exception):
    """A tool is not here; the message says which, and how to get it."""


def home() -> Path:
    """Where the tools of these locks are kept."""
    digest = hashlib.sha256(GENERATOR.encode())
    for name in LOCKS:
        digest.update((HERE / name).read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "bulk-update-gateway" / "clients" / digest.hexdigest()[:16]


def tool(name: str) -> Path:
    """A file or folder of the tools. Raises Unavailable."""
    found = home() / name
    if not found.exists():
        raise Unavailable(f"{name} is not here: make clients fetches it")
    return found


def program(name: str) -> str:
    """A program of this machine. Raises Unavailable."""
    found = shutil.which(name)
    if found is None:
        raise Unavailable(f"{name} is not installed")
    return found


def system_file(path: str, package: str) -> Path:
    """A file of one of Debian's packages. Raises Unavailable."""
    found = Path(path)
    if not found.exists():
        raise Unavailable(f"{path} is not here: Debian's {package} has it")
    return found


def _generator(folder: Path) -> None:
    artifact = f"-Dartifact=org.openapitools:openapi-generator-cli:{GENERATOR}:jar"
    _run(*_MAVEN, f"{_DEPENDENCY}:copy", artifact, f"-DoutputDirectory={folder}", "-Dmdep.stripVersion=true")


def _jars(folder: Path) -> None:
    _run(*_MAVEN, "-f", HERE / "pom.xml", f"{_DEPENDENCY}:copy-dependencies", f"-DoutputDirectory={folder}")


def _node(folder: Path) -> None:
    folder.mkdir()
    for name in LOCKS[:2]:
        shutil.copy(HERE / name, folder)
    _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", cwd=folder)


def _python(folder: Path) -> None:
    venv.create(folder, with_pip=True)
    pip = (folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    _run(*pip, "--no-deps", "--require-hashes", "-r", HERE / "requirements.txt")


def _run(*command: object, cwd: Path | None = None) -> None:
    subprocess.run([str(part) for part in command], cwd=cwd, check=True, timeout=600)


PARTS = {"generator": _generator, "jars": _jars, "node": _node, "python": _python}
"""What is fetched, by the name of its folder."""


def fetch(part: str) -> None:
    """Put a part where ``tool`` looks for it, whole or not at all. Raises OSError or SubprocessError."""
    kept = home() / part
    if kept.exists():
        return
    kept.parent.mkdir(parents=True, exist_ok=True)
    if part == "python":  # an environment cannot be moved
        try:
            PARTS[part](kept)
        except BaseException:
            shutil.rmtree(kept, ignore_errors=True)
            raise
        return
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix="making-") as folder:
        PARTS[part](Path(folder) / part)
        (Path(folder) / part).rename(kept)


def main() -> int:
    """Fetch every part; tell of each that cannot be had, for the tests skip what needs it."""
    for part in PARTS:
        try:
            fetch(part)
            print(f"{part}: {home() / part}")
        except (OSError, subprocess.SubprocessError) as exc:
            print(f"{part}: not fetched: {exc}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
