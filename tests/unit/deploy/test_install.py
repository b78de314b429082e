"""The ways to install and start that the README and the operators' page tell, as far as they can be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from gateway.settings import load, unknown_variables
from tests.docs import DOCS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGES = [ROOT / "README.md", DOCS / "operators" / "deploy.md"]
_BLOCK = re.compile(r"^```(?:sh)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _commands(page: Path, word: str) -> list[str]:
    """The page's blocks that have ``word``, with continued lines joined."""
    text = page.read_text(encoding="utf-8")
    return [block.replace("\\\n", " ") for block in _BLOCK.findall(text) if word in block]


STARTS = [command for page in PAGES for word in ("export GATEWAY_", "docker run") for command in _commands(page, word)]


@pytest.mark.parametrize("command", STARTS)
def test_the_settings_of_a_start_are_enough_and_ask_for_the_role(command: str) -> None:
    environment = {name: value.strip('"') for name, value in re.findall(r"\b(GATEWAY_\w+)=(\S+)", command)}

    assert list(unknown_variables(environment)) == []
    assert load(environment).access.required_role == "actions:write"


def test_there_is_a_start_with_a_container_and_two_without() -> None:
    assert [("docker run" in command) for command in STARTS] == [False, False, True]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_an_install_is_of_what_runs_and_checks_its_hashes(page: Path) -> None:
    (install,) = _commands(page, "pip install")
    (line,) = (line for line in install.splitlines() if "pip install" in line)

    assert line.endswith("pip install --no-deps --require-hashes -r deploy/lock/runtime.txt")


def test_a_container_is_given_the_time_to_drain() -> None:
    (run,) = (command for command in STARTS if "docker run" in command)
    (seconds,) = re.findall(r"--stop-timeout (\d+)", run)
    settings = load(dict(re.findall(r"\b(GATEWAY_\w+)=(\S+)", run)))

    # gunicorn kills a second after the grace time; five more to exit.
    assert int(seconds) >= settings.budgets.graceful_timeout + 1 + 5
