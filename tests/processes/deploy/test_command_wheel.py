"""The partners' command is one wheel: it has all of its packages, and asks for what it imports and no more."""

from __future__ import annotations

import ast
import configparser
import re
import shutil
import subprocess
import sys
import tomllib

from tests.docs import ROOT

PROJECT = tomllib.loads((ROOT / "cli" / "pyproject.toml").read_text(encoding="utf-8"))
# The gateway alone makes JSON Schema of the contract.
_NOT_OF_THE_COMMAND = {"schemas/json_schema.py"}


def names(requirements):
    return {re.match(r"[\w-]+", requirement)[0] for requirement in requirements}


def imported():
    """The libraries that the wheel's modules name, those of extras aside."""
    found = set()
    for package in ("cli", "schemas"):
        for path in (ROOT / package).rglob("*.py"):
            if path.relative_to(ROOT).as_posix() not in _NOT_OF_THE_COMMAND:
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                    if isinstance(node, ast.Import):
                        found |= {alias.name.partition(".")[0] for alias in node.names}
                    elif isinstance(node, ast.ImportFrom):
                        found.add((node.module or "").partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"cli", "schemas", "keyring"}


def test_every_package_is_in_it():
    packages = {
        path.parent.relative_to(ROOT).as_posix().replace("/", ".")
        for package in ("cli", "schemas")
        for path in (ROOT / package).rglob("__init__.py")
    }

    assert set(PROJECT["tool"]["setuptools"]["packages"]) == packages


def test_it_asks_for_what_it_imports_and_no_more():
    assert names(PROJECT["project"]["dependencies"]) == imported()
    assert names(PROJECT["project"]["optional-dependencies"]["keyring"]) == {"keyring"}


def test_the_gateways_own_list_says_the_same():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    here = (setup["options"]["install_requires"] + setup["options.extras_require"]["cli"]).split("\n")

    assert set(PROJECT["project"]["dependencies"]) <= {line for line in here if line}


def test_it_runs_with_nothing_of_ours_beside_it(tmp_path):
    for package in ("cli", "schemas"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "updates.csv").write_text("actionId,status\n7,done\n")

    ran = subprocess.run(
        [sys.executable, "-m", "cli", "check", "updates.csv"],
        cwd=tmp_path,
        env={"PATH": "", "PYTHONDONTWRITEBYTECODE": "1", "ACTIONS_STATE_DIR": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "updates.csv: 1 row is valid; nothing was sent.\n")
