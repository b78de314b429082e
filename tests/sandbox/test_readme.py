"""The sandbox's README says what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sandbox
from sandbox.core import controls as core_controls
from sandbox.core.seed import identifier
from sandbox.identity import controls as identity_controls
from sandbox.identity.realm import CLIENTS, USERS

README = (Path(sandbox.__file__).parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("controls", [core_controls, identity_controls])
def test_every_control_is_described(controls):
    paths = {path for _, path, _ in controls.Controls.routes(UnboundControls())}

    assert [path for path in paths if path not in README] == []


class UnboundControls:
    """Stands in for the handlers: only their routes are read."""

    def __getattr__(self, name):
        return name


def test_every_name_and_id_is_seeded():
    assert identifier("CRM") in README
    assert all(f"`{name}`" in README for name in (*CLIENTS, *USERS))


def test_every_command_is_one():
    commands = re.findall(r"^python -m sandbox (\w+)", README, re.MULTILINE)

    assert list(dict.fromkeys(commands)) == ["demo", "serve", "core", "identity", "seeds"]
