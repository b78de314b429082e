"""Keycloak as Maven Central has it: fetched by mvn, built and filled with a realm once, then kept outside the repository.

Its one rule: what stands in the cache is whole; it is made beside it and put there by one rename.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

VERSION = "26.7.3"
ADMIN = "admin"
SECONDS = 180.0
LEAST_JAVA = 17

# It looks again for what could not be had before, and takes nothing whose checksum is wrong.
_MAVEN = ("--batch-mode", "--quiet", "--update-snapshots", "--strict-checksums")
_UNPACK = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack"
_MAIN = "io.quarkus.bootstrap.runner.QuarkusEntryPoint"
# It lives for minutes: the quick compiler pays off, the thorough one does not. The rest is what bin/kc.sh sets.
_JVM = (
    "-Xms256m", "-Xmx768m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8",
    "-Djava.util.logging.manager=org.jboss.logmanager.LogManager", "-Dpicocli.disable.closures=true",
)  # fmt: skip


class Unavailable(Exception):
    """Keycloak cannot be had on this machine; the message says why."""


class Failed(Exception):
    """Keycloak was had, and did not do what it was told; the message says what."""


class Distribution:
    """``home`` is a Keycloak built for a start, ``data`` its database with the realm of ``realm_file`` and an admin.

    Both are to be read only. Raises Unavailable, after ``seconds`` at the latest, or Failed.
    """

    def __init__(
        self, realm_file: Path, *, version: str = VERSION, cache: Path | None = None, seconds: float = SECONDS
    ) -> None:
        self._deadline = time.monotonic() + seconds
        self._cache = (cache or _cache()) / version
        _demand_java()
        self.home = self._kept("home", lambda folder: self._built(folder, version))
        digest = hashlib.sha256(realm_file.read_bytes()).hexdigest()[:16]
        self.data = self._kept(f"data-{digest}", lambda folder: self._filled(folder, realm_file))

    def _kept(self, name: str, make: Callable[[Path], Path]) -> Path:
        kept = self._cache / name
        if not kept.is_dir():
            self._cache.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._cache, prefix="making-") as folder:
                _put(make(Path(folder)), kept)
        return kept

    def _built(self, folder: Path, version: str) -> Path:
        artifact = f"-Dartifact=org.keycloak:keycloak-quarkus-dist:{version}:zip"
        fetch = ["mvn", *_MAVEN, _UNPACK, artifact, f"-DoutputDirectory={folder}"]
        try:
            self._run("fetching it", fetch, folder)
        except (OSError, Failed) as exc:
            raise Unavailable(
                str(exc) if isinstance(exc, Failed) else "mvn, which fetches it, is not installed"
            ) from exc
        home = folder / f"keycloak-{version}"
        self._run("building it", command(home, "build", "--db=dev-file"), folder)
        return home

    def _filled(self, folder: Path, realm_file: Path) -> Path:
        home = linked(self.home, folder / "home")
        self._run(
            "importing the realm", command(home, "import", "--optimized", f"--file={realm_file.resolve()}"), folder
        )
        return home / "data"

    def _run(self, step: str, arguments: Sequence[str], folder: Path) -> None:
        patience = max(0.0, self._deadline - time.monotonic())
        try:
            ended = subprocess.run(  # noqa: S603 -- fixed words and paths of our own
                arguments, cwd=folder, env=environment(), capture_output=True, text=True, timeout=patience
            )
        except subprocess.TimeoutExpired as exc:
            raise Unavailable(f"{step} took too long") from exc
        if ended.returncode:
            raise Failed(f"{step}: {_reason(ended.stdout + ended.stderr)}")


def command(home: Path, *arguments: str) -> list[str]:
    """Run Keycloak's own command line. Not by ``bin/kc.sh``: its child would outlive whoever ends the script."""
    classes = ["-cp", str(home / "lib" / "quarkus-run.jar")]
    return [_java(), *_JVM, f"-Dkc.home.dir={home}", *classes, _MAIN, *arguments]


def environment() -> dict[str, str]:
    """The surroundings without anybody's settings for another Keycloak, and the admin's name and password."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("KC_")}
    return surroundings | {"KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN, "KC_BOOTSTRAP_ADMIN_PASSWORD": ADMIN}


def linked(home: Path, where: Path) -> Path:
    """A home of its own at ``where`` that shares all but its data with ``home``."""
    where.mkdir()
    for entry in home.iterdir():
        (where / entry.name).symlink_to(entry)
    return where


def _put(made: Path, kept: Path) -> None:
    try:
        made.rename(kept)
    except OSError:
        # Somebody else was quicker, with the same content.
        if not kept.is_dir():
            raise


def _cache() -> Path:
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "bulk-update-gateway" / "keycloak"


def _java() -> str:
    home = os.environ.get("JAVA_HOME")
    return str(Path(home) / "bin" / "java") if home else "java"


def _demand_java() -> None:
    try:
        told = subprocess.run([_java(), "-version"], capture_output=True, text=True, timeout=30)  # noqa: S603 -- a fixed word
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise Unavailable(f"Java {LEAST_JAVA} or newer is needed, and there is none") from exc
    version = re.search(r'version "(\d+)', told.stderr)
    if version is None or int(version[1]) < LEAST_JAVA:
        raise Unavailable(f"Java {LEAST_JAVA} or newer is needed, not {told.stderr.partition(chr(10))[0]}")


def _reason(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "ERROR" in line]
    return (errors or lines or ["no reason given"])[0][:300]
