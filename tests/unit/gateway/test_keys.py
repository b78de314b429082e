"""``python -m gateway.keys`` as an operator uses it."""

from __future__ import annotations

import getpass
import json
import os
import pwd
from typing import TYPE_CHECKING

import pytest

from gateway import keys
from gateway.auth.api_keys.api_key_authenticator import ApiKeyAuthenticator
from gateway.auth.api_keys.file import FileKeys
from gateway.auth.api_keys.sqlite import FILE_NAME, SqliteKeys
from gateway.auth.credentials import Credentials
from gateway.auth.errors import InvalidCredentials

if TYPE_CHECKING:
    from pathlib import Path

INTEGRATION = "7f1c2a00-0000-4000-8000-000000000001"
CREATE = ("create", "--name", "Acme", "--scope", "INTEGRATION_API", "--json")


class Operator:
    """Runs commands in this process, on a state folder of its own."""

    def __init__(self, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.state = state
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[int, str, str]:
        return self.run_as_given("--state-dir", str(self.state), *arguments)

    def run_as_given(self, *arguments: str) -> tuple[int, str, str]:
        code = keys.main(arguments)
        out, err = self._capsys.readouterr()
        return code, out, err

    def json(self, *arguments: str):
        code, out, err = self.run(*arguments)
        assert (code, err) == (0, "")
        return json.loads(out)

    def misuse(self, *arguments: str) -> str:
        with pytest.raises(SystemExit) as left:
            self.run(*arguments)
        assert left.value.code == 2
        return self._capsys.readouterr().err

    def identify(self, key: str):
        """What a worker that starts now says of a key."""
        return ApiKeyAuthenticator(SqliteKeys(self.state / FILE_NAME)).identify(
            Credentials.of({"Authorization": f"Bearer {key}"}.get)
        )


@pytest.fixture
def operator(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Operator:
    monkeypatch.delenv("GATEWAY_API_KEYS_FILE", raising=False)
    return Operator(tmp_path / "state", capsys)


def test_a_created_key_lets_its_holder_in(operator: Operator):
    made = operator.json(*CREATE, "--integration", INTEGRATION.upper(), "--rate", "10")

    principal = operator.identify(made["key"])

    assert principal.id == f"key:{made['id']}"
    assert principal.scopes == {"INTEGRATION_API"}
    assert principal.integrations == {INTEGRATION}
    assert principal.rate == "10/minute"


def test_a_key_without_integrations_is_for_all_of_them(operator: Operator):
    assert operator.identify(operator.json(*CREATE)["key"]).integrations is None


def test_people_are_told_that_the_key_is_shown_once(operator: Operator):
    code, out, _ = operator.run(*CREATE[:-1])

    assert code == 0
    assert "key   gwk_" in out
    assert "not shown again" in out


def test_the_store_and_its_user_are_told_before_the_key(operator: Operator):
    lines = operator.run(*CREATE[:-1])[1].splitlines()

    assert lines[0] == f"store {operator.state / FILE_NAME}"
    assert lines[1] == f"user  {getpass.getuser()}, as which the service must run"
    assert lines[3].startswith("key   gwk_")


def test_programs_are_told_the_store_too(operator: Operator):
    made = operator.json(*CREATE)

    assert made["store"] == str(operator.state / FILE_NAME)
    assert made["user"] == getpass.getuser()


@pytest.fixture
def nobody() -> int:
    if os.geteuid() != 0:
        pytest.skip("only root can give files to another user")
    return pwd.getpwnam("nobody").pw_uid


def test_no_key_is_made_for_a_service_that_could_not_read_the_store(operator: Operator, nobody: int):
    operator.state.mkdir()
    os.chown(operator.state, nobody, -1)

    code, out, err = operator.run(*CREATE)

    assert (code, out) == (1, "")
    assert err == (
        f"error: {operator.state / FILE_NAME} would belong to the user root, and the service, which runs as nobody, "
        "could not read it: run this as nobody\n"
    )
    assert list(operator.state.iterdir()) == []


def test_what_the_service_left_in_a_folder_of_roots_tells_its_user(operator: Operator, nobody: int):
    made = operator.json(*CREATE)
    (operator.state / "idempotency.sqlite").touch()
    os.chown(operator.state / "idempotency.sqlite", nobody, -1)

    for command in (CREATE, ("rotate", made["id"])):
        code, out, err = operator.run(*command)

        assert (code, out) == (1, "")
        assert "belongs to the user root, and the service, which runs as nobody, could not read it" in err


def test_root_may_add_to_a_store_of_the_services_user(operator: Operator, nobody: int):
    operator.json(*CREATE)
    for path in (operator.state, *operator.state.iterdir()):
        os.chown(path, nobody, -1)

    assert operator.json(*CREATE)["user"] == "nobody"


def test_a_key_is_never_shown_again(operator: Operator):
    made = operator.json(*CREATE)

    shown = "".join(operator.run(*command)[1] for command in (["list"], ["list", "--json"], ["export"]))

    assert made["id"] in shown
    assert made["key"] not in shown
    assert made["key"].split("_")[2][:32] not in shown


def test_the_list_says_who_may_do_what(operator: Operator):
    made = operator.json(*CREATE, "--rate", "5/second")

    (row,) = operator.json("list", "--json")

    assert row["id"] == made["id"]
    assert (row["name"], row["scopes"], row["integrations"]) == ("Acme", ["INTEGRATION_API"], "all")
    assert (row["rate"], row["last_used"], row["revoked"]) == ("5/second", None, None)
    assert row["created"].endswith("Z")


def test_the_table_has_a_line_for_each_key(operator: Operator):
    operator.json(*CREATE)
    operator.json(*CREATE)

    lines = operator.run("list")[1].splitlines()

    assert lines[0].split() == ["id", "name", "scopes", "integrations", "rate", "created", "last_used", "revoked"]
    assert len(lines) == 3


def test_the_list_says_when_a_key_was_used(operator: Operator):
    operator.identify(operator.json(*CREATE)["key"])

    assert operator.json("list", "--json")[0]["last_used"] is not None


def test_an_empty_list_says_so(operator: Operator):
    SqliteKeys(operator.state / FILE_NAME)._make()

    assert operator.run("list") == (0, "no API keys\n", "")
    assert operator.json("list", "--json") == []


def test_a_revoked_key_is_refused(operator: Operator):
    made = operator.json(*CREATE)

    assert operator.run("revoke", made["id"])[0] == 0

    with pytest.raises(InvalidCredentials):
        operator.identify(made["key"])
    assert operator.json("list", "--json")[0]["revoked"] is not None


def test_a_key_revoked_twice_keeps_its_first_date(operator: Operator):
    made = operator.json(*CREATE)
    store = SqliteKeys(operator.state / FILE_NAME)
    operator.run("revoke", made["id"])
    first = store.get(made["id"])

    operator.run("revoke", made["id"])

    assert store.get(made["id"]) == first


def test_a_rotated_key_has_a_new_secret_and_the_same_id(operator: Operator):
    old = operator.json(*CREATE)

    new = operator.json("rotate", old["id"], "--json")

    assert new["id"] == old["id"]
    assert operator.identify(new["key"])
    with pytest.raises(InvalidCredentials):
        operator.identify(old["key"])


@pytest.mark.parametrize("is_exported", [False, True], ids=["store", "file"])
def test_a_new_secret_holds_at_once_in_a_worker_that_knew_the_old_one(
    operator: Operator, tmp_path: Path, is_exported: bool
):
    file = tmp_path / "keys.json"

    def publish() -> None:
        file.write_text(operator.run("export")[1])

    old = operator.json(*CREATE)
    publish()
    worker = ApiKeyAuthenticator(FileKeys(file) if is_exported else SqliteKeys(operator.state / FILE_NAME))
    worker.identify(Credentials.of({"Authorization": f"Bearer {old['key']}"}.get))

    new = operator.json("rotate", old["id"], "--json")
    publish()

    assert worker.identify(Credentials.of({"Authorization": f"Bearer {new['key']}"}.get)).id == f"key:{old['id']}"
    with pytest.raises(InvalidCredentials):
        worker.identify(Credentials.of({"Authorization": f"Bearer {old['key']}"}.get))


def test_the_old_secret_holds_for_the_overlap(operator: Operator):
    old = operator.json(*CREATE)

    new = operator.json("rotate", old["id"], "--overlap", "3600", "--json")

    assert operator.identify(new["key"]).id == operator.identify(old["key"]).id


def test_a_revoked_key_cannot_be_rotated(operator: Operator):
    made = operator.json(*CREATE)
    operator.run("revoke", made["id"])

    code, out, err = operator.run("rotate", made["id"])

    assert (code, out) == (1, "")
    assert err == f"error: {made['id']} is revoked; create a new key\n"


@pytest.mark.parametrize("command", ["revoke", "rotate"])
def test_an_unknown_id_is_an_error(operator: Operator, command: str):
    operator.json(*CREATE)

    assert operator.run(command, "A" * 12) == (1, "", "error: no API key has the id AAAAAAAAAAAA\n")


@pytest.mark.parametrize(
    "command", [("list",), ("export",), ("revoke", "A" * 12), ("rotate", "A" * 12)], ids=lambda command: command[0]
)
def test_a_store_that_is_not_there_is_no_empty_one(operator: Operator, command: tuple[str, ...]):
    path = operator.state / FILE_NAME

    assert operator.run(*command) == (1, "", f"error: no store of API keys at {path} (No such file or directory)\n")
    assert not operator.state.exists()


def test_the_state_folder_may_be_named_after_the_command_too(operator: Operator):
    made = json.loads(operator.run_as_given(*CREATE, "--state-dir", str(operator.state))[1])

    listed = operator.run_as_given("--state-dir", "/nowhere", "list", "--state-dir", str(operator.state))

    assert made["id"] in listed[1]
    assert operator.identify(made["key"])


@pytest.mark.parametrize("command", [("list",), ("revoke",), ("rotate",), CREATE], ids=lambda command: command[0])
def test_who_looks_into_the_store_while_a_file_is_set_is_told(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
):
    made = operator.json(*CREATE)
    monkeypatch.setenv("GATEWAY_API_KEYS_FILE", "/mounted/keys.json")

    code, _, err = operator.run(*command, *([made["id"]] if command[0] in {"revoke", "rotate"} else []))

    assert code == 0
    assert err == (
        f"note: GATEWAY_API_KEYS_FILE is set: a service with it reads that file, and not {operator.state / FILE_NAME}\n"
    )


def test_an_export_for_that_file_needs_no_note(operator: Operator, monkeypatch: pytest.MonkeyPatch):
    operator.json(*CREATE)
    monkeypatch.setenv("GATEWAY_API_KEYS_FILE", "/mounted/keys.json")

    assert operator.run("export")[2] == ""


def test_a_store_that_cannot_be_used_is_an_error_of_one_line(operator: Operator):
    operator.state.write_text("a file where a folder should be")

    code, out, err = operator.run(*CREATE)

    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_the_export_is_a_file_of_keys_without_those_revoked(operator: Operator, tmp_path: Path):
    kept, revoked = operator.json(*CREATE), operator.json(*CREATE)
    operator.run("revoke", revoked["id"])
    file = tmp_path / "keys.json"

    file.write_text(operator.run("export")[1])

    authenticator = ApiKeyAuthenticator(FileKeys(file))
    assert (
        authenticator.identify(Credentials.of({"Authorization": f"Bearer {kept['key']}"}.get)).id == f"key:{kept['id']}"
    )
    with pytest.raises(InvalidCredentials):
        authenticator.identify(Credentials.of({"Authorization": f"Bearer {revoked['key']}"}.get))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param((), "COMMAND", id="no command"),
        pytest.param(("destroy",), "invalid choice", id="unknown command"),
        pytest.param(("create", "--scope", "INTEGRATION_API"), "--name", id="no name"),
        pytest.param(("create", "--name", "x"), "--scope", id="no scope"),
        pytest.param(("create", "--name", "x", "--scope", "BULK_UPDATE"), "invalid choice", id="scope of tokens"),
        pytest.param((*CREATE, "--integration", "7"), "must be a UUID", id="integration no UUID"),
        pytest.param((*CREATE, "--rate", "fast"), "must be N", id="rate a word"),
        pytest.param((*CREATE, "--rate", "0"), "must be N", id="rate zero"),
        pytest.param(("rotate", "x", "--overlap", "-1"), "whole number", id="overlap negative"),
        pytest.param(("rotate", "x", "--overlap", "a day"), "whole number", id="overlap a text"),
        pytest.param(("rotate", "x", "--overlap", "9" * 400), "up to 99999999", id="overlap without end"),
        pytest.param(("rotate",), "id", id="no id"),
    ],
)
def test_wrong_usage_is_told_and_nothing_is_made(operator: Operator, arguments: tuple[str, ...], words: str):
    assert words in operator.misuse(*arguments)
    assert not operator.state.exists()
