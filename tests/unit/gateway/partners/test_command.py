"""The command for partners, as an operator runs it."""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest

from gateway.partners.__main__ import main
from gateway.partners.partner import read_partners


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "partners.toml"
    made.write_text('[acme]\nprincipals = ["partners:crm:1"]\nrate = "10/minute"\nshare = 25\n')
    return made


class Ended(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(file, capsys, monkeypatch):
    def run(*arguments, file=file):
        monkeypatch.setenv("GATEWAY_PARTNERS_FILE", str(file))
        return Ended(main(arguments), *capsys.readouterr())

    return run


def test_an_operator_blocks_a_partner_and_lets_it_in_again(run, file):
    assert run("block", "acme", "--message", "Call us.").returncode == 0
    assert json.loads(run("show", "acme").stdout)["blocked"] == "Call us."
    assert run("list").stdout.split() == ["acme", "blocked", "10/minute", "25", "%", "partners:crm:1"]

    assert run("allow", "acme").returncode == 0
    assert read_partners(file.read_text())["acme"].blocked == ""


def test_an_operator_gives_a_partner_another_share_and_takes_it_away(run, file):
    file.write_text(file.read_text() + "\n# The others.\n[crm]\nprincipals = ['key:2']\n")

    assert run("share", "acme", "40").returncode == 0
    assert run("share", "crm", "5").returncode == 0
    assert {name: one.share for name, one in read_partners(file.read_text()).items()} == {"acme": 40, "crm": 5}
    assert "# The others." in file.read_text()

    assert run("share", "acme", "100").returncode == 0
    assert read_partners(file.read_text())["acme"].share == 0


@pytest.mark.parametrize("percent", ["0", "101", "2.5", "-1", "x", "²", "01005", "9" * 5000])
def test_a_share_is_a_whole_percentage(run, file, percent):
    before = file.read_text()

    with pytest.raises(SystemExit) as wrong:
        run("share", "acme", percent)

    assert (wrong.value.code, file.read_text()) == (2, before)


def test_a_share_of_nobody_is_one_line(run, file):
    assert run("share", "nobody", "5") == (1, "", f"error: no partner nobody in {file}\n")


def test_a_partner_that_is_not_in_the_file_yet_is_blocked_by_its_caller(run, file):
    file.unlink()

    assert run("block", "rogue", "--principal", "key:7").returncode == 0

    rogue = read_partners(file.read_text())["rogue"]
    assert (rogue.principals, bool(rogue.blocked)) == (("key:7",), True)


def test_what_cannot_be_done_is_one_line(run, file):
    unknown = run("show", "nobody")
    file.write_text("[acme]\n")
    wrong, nowhere = run("list"), run("list", file=file.parent / "none.toml")

    assert (unknown.returncode, unknown.stderr) == (1, f"error: no partner nobody in {file}\n")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (1, 1)
    assert "acme.principals" in wrong.stderr
    assert (nowhere.returncode, nowhere.stderr) == (1, f"error: {file.parent}/none.toml: No such file or directory\n")


def test_a_partner_that_may_name_nobody_is_shown(run, file):
    file.write_text('[acme]\nprincipals = ["key:1"]\npartners = []\n')

    assert json.loads(run("show", "acme").stdout)["partners"] == []


@pytest.mark.parametrize("message", ["", "  "])
def test_a_message_that_says_nothing_lets_no_blocked_partner_in(run, file, message):
    run("block", "acme")

    with pytest.raises(SystemExit, match="2"):
        run("block", "acme", "--message", message)

    assert read_partners(file.read_text())["acme"].blocked


def test_without_a_file_it_says_how_to_name_one(capsys, monkeypatch):
    monkeypatch.delenv("GATEWAY_PARTNERS_FILE", raising=False)

    assert main(["list"]) == 1
    assert capsys.readouterr().err == "error: no file: set GATEWAY_PARTNERS_FILE, or name one with --file\n"
