from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from gateway.core.__main__ import _parser
from gateway.core.check.command import check
from gateway.core.check.pace import Pace
from gateway.settings import load
from tests.doubles.checked_core import ITEM, MISSING, TOKEN, CheckedCore

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

PACE = Pace(
    rests=(0.02,),
    key_rest=0.01,
    key_lines=2,
    calls_a_connection=12,
    levels=(1, 2),
    level_seconds=1.0,
    calls_a_level=20,
    noise=1.0,
    settle=0.01,
)


class Told(NamedTuple):
    code: int
    text: str

    @property
    def document(self) -> Any:
        return json.loads(self.text)

    @property
    def verdicts(self) -> dict[str, str]:
        return {row["row"]: row["verdict"] for row in self.document["rows"]}

    @property
    def lines(self) -> list[str]:
        return [each["line"] for row in self.document["rows"] for each in row["write"]]


class Checks:
    """Runs the check in this process, as quickly as a core on loopback lets it."""

    def __init__(self, folder: Path) -> None:
        self.folder = self._folder = folder
        self._runs = 0
        self.token = folder / "authorization"
        self.token.write_text(f"Authorization: {TOKEN}\n", encoding="ascii")

    def run(self, url: str, *options: str, pace: Pace = PACE, **settings: object) -> Told:
        self._runs += 1
        environ = {
            "CORE_URL": url,
            "CORE_AUTH": "static",
            "CORE_AUTH_FILE": self.token,
            "CORE_HONOURS_IDEMPOTENCY": "true",
            "CORE_KEEPALIVE": "0.01",
            "CORE_CONCURRENCY": "2",
            "CORE_TIMEOUT": "2",
            # The engine lets a new connection rest before it trusts it, and a run makes many.
            "CORE_TRANSPORT": "sessions",
            "KEYCLOAK_URL": "http://keycloak.test",
            "KEYCLOAK_REALM": "partners",
            "KEYCLOAK_AUDIENCE": "gateway",
            "STATE_DIR": self._folder,
            "WORKERS": 1,
            **{name.upper(): value for name, value in settings.items()},
        }
        out = io.StringIO()
        given = load({f"GATEWAY_{name}": str(value) for name, value in environ.items()})
        code = check(given, self.options(*options), pace, out)
        return Told(code, out.getvalue())

    def options(self, *options: str) -> argparse.Namespace:
        given = ["check", "--id", ITEM, "--missing-id", MISSING, "--field", "subtitle", *options]
        if "--write" in options and "--journal" not in options:
            given += ["--journal", str(self._folder / f"journal-{self._runs}")]
        return _parser().parse_args(given)


@pytest.fixture(scope="module")
def checks(tmp_path_factory: pytest.TempPathFactory) -> Checks:
    return Checks(tmp_path_factory.mktemp("check"))


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory):
    with CheckedCore(tmp_path_factory.mktemp("core")).serving() as core:
        yield core
