"""A secret from a file is what the file holds by now, and what it held last while it cannot be read."""

from __future__ import annotations

import pytest

from gateway.settings import load
from gateway.settings.secrets import secret_now
from tests.unit.gateway.wiring.test_core import ENVIRON

NEEDED = {name: value for name, value in ENVIRON.items() if name != "GATEWAY_CORE_CLIENT_SECRET"}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "secret"
    path.write_text("first\n")
    return path


@pytest.fixture
def secret(file):
    return load(NEEDED | {"GATEWAY_CORE_CLIENT_SECRET_FILE": str(file)}).core.core_client_secret


def test_a_secret_that_was_replaced_is_read_again(secret, file):
    assert (secret, secret_now(secret)) == ("first", "first")

    file.write_text("second\n")

    assert secret_now(secret) == "second"


@pytest.mark.parametrize("harm", ["removed", "emptied", "no text"])
def test_a_file_that_is_harmed_keeps_the_last_secret(secret, file, harm, caplog):
    file.write_text("second\n")
    secret_now(secret)
    if harm == "removed":
        file.unlink()
    else:
        file.write_bytes(b"" if harm == "emptied" else b"\xff\xfe")

    assert secret_now(secret) == "second"
    assert "second" not in caplog.text


def test_a_secret_of_the_environment_is_as_it_was():
    assert secret_now(load(ENVIRON).core.core_client_secret) == "hush"
