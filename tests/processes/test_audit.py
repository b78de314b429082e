"""The command for the audit trail, as an operator runs it."""

from __future__ import annotations

import json
from contextlib import closing

import pytest

from gateway.audit.__main__ import main
from gateway.settings import load_kept
from gateway.wiring.audit import audit_sink
from tests.doubles.audit import NOT_FOUND, ended, written
from tests.processes import commands

ABOUT_CALLERS = "0 records; --principal is a caller, as `principal_id` in the log, and --partner a partner's name\n"

NOON = 1_795_867_200.0


@pytest.fixture
def environment(tmp_path):
    own = {"STATE_DIR": str(tmp_path / "state"), "AUDIT_MAX_BYTES": "1048576", "AUDIT_DAYS": "7"}
    return {f"GATEWAY_{name}": value for name, value in own.items()}


def find(environment, *arguments):
    return commands.run("gateway.audit", environment, "find", *arguments)


def test_an_operator_finds_what_happened_to_an_action(environment):
    with closing(audit_sink(load_kept(environment))) as sink:
        sink.write([written(ended("19353", "2", failed={0: NOT_FOUND}), NOON)])
        sink.write([written(ended("19353", request_id="r2"), NOON + 60)])

    shown = find(environment, "--action", "19353")
    of_request = find(environment, "--request", "r2", "--since", "2026-11-28T12:00", "--principal", "partners:alice")

    assert (shown.returncode, shown.stderr) == (0, "")
    lines = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [(line["time"], line["request_id"], line["code"]) for line in lines] == [
        ("2026-11-28T12:01:00Z", "r2", "ok"),
        ("2026-11-28T12:00:00Z", "r1", "not_found"),
    ]
    assert [json.loads(line)["id"] for line in of_request.stdout.splitlines()] == ["19353"]


def test_what_cannot_be_found_or_asked_is_told(environment, monkeypatch, capsys):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(["find", "--item", "7"]) == 0
    assert capsys.readouterr() == ("", "0 records\n")
    assert main(["find", "--principal", "field-team"]) == 0
    assert capsys.readouterr() == ("", ABOUT_CALLERS)

    monkeypatch.setenv("GATEWAY_AUDIT_TO", "stdout")
    assert main(["find", "--item", "7"]) == 1
    assert capsys.readouterr().err.startswith("error: the audit trail goes to standard output")

    with pytest.raises(SystemExit) as wrong:
        main(["find", "--since", "yesterday"])
    assert wrong.value.code == 2
    assert "must be so long ago" in capsys.readouterr().err


def test_items_of_a_partner_are_those_of_its_callers(environment, tmp_path, monkeypatch, capsys):
    with closing(audit_sink(load_kept(environment))) as sink:
        for number, principal in enumerate(("partners:crm:a", "partners:crm:b", "partners:other")):
            sink.write([written(ended(str(number), principal=principal), NOON + number)])
    file = tmp_path / "partners.toml"
    file.write_text('[acme]\nprincipals = ["partners:crm:*"]\n[one]\nprincipals = ["partners:crm:b"]\n')
    monkeypatch.setenv("GATEWAY_STATE_DIR", environment["GATEWAY_STATE_DIR"])

    assert main(["find", "--partner", "acme"]) == 1
    assert capsys.readouterr().err == "gateway: GATEWAY_PARTNERS_FILE: must be set for --partner\n"
    monkeypatch.setenv("GATEWAY_PARTNERS_FILE", str(file))
    assert main(["find", "--partner", "acne"]) == 1
    assert capsys.readouterr().err == "gateway: GATEWAY_PARTNERS_FILE: must have the partner acne\n"
    assert main(["find", "--partner", "acme"]) == 0
    assert [json.loads(line)["principal"] for line in capsys.readouterr().out.splitlines()] == ["partners:crm:a"]
