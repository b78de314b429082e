"""API keys as a deployment of several hosts has them: made in one place, exported, mounted as a secret's item."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from sandbox.background import ROOT
from sandbox.core.seed import identifier
from tests.e2e.stack import Partner
from tests.faults.house import eventually

pytestmark = pytest.mark.e2e
BODY = {"name": "Get User Data"}


class Mounted:
    """A secret's folder as the kubelet keeps it: the item links into `..data`, which is swapped as a whole."""

    def __init__(self, folder):
        self.folder = folder
        self.item = folder / "api-keys.json"
        self._version = 0

    def bring(self, text):
        self._version += 1
        version = self.folder / f"..version_{self._version}"
        version.mkdir(parents=True)
        (version / self.item.name).write_text(text)
        (self.folder / "..data_tmp").symlink_to(version.name)
        (self.folder / "..data_tmp").rename(self.folder / "..data")
        if not self.item.is_symlink():
            self.item.symlink_to(f"..data/{self.item.name}")


@pytest.fixture
def keys(tmp_path):
    def run(*arguments):
        command = [sys.executable, "-m", "gateway.keys", "--state-dir", str(tmp_path / "keys"), *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout

    return run


def status(stack, key):
    return Partner(stack).put(identifier("CRM"), identifier("CRM/Get User Data"), BODY, key).status


def test_an_exported_key_lets_in_and_stops_to_when_the_secret_changes(tmp_path, keys, make_stack):
    made = json.loads(keys("create", "--name", "crm", "--scope", "INTEGRATION_API", "--json"))
    secret = Mounted(tmp_path / "secret")
    secret.bring(keys("export"))
    stack = make_stack({"API_KEYS_FILE": str(secret.item)})
    assert status(stack, made["key"]) == 200

    keys("revoke", made["id"])
    secret.bring(keys("export"))

    eventually(lambda: status(stack, made["key"]) == 401)


def test_a_file_without_keys_starts_and_lets_nobody_in(tmp_path, make_stack):
    secret = Mounted(tmp_path / "secret")
    secret.bring('{"keys": []}')
    stack = make_stack({"API_KEYS_FILE": str(secret.item)})

    assert status(stack, stack.api_key("of another store")) == 401
