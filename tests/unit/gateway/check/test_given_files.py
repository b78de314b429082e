"""What ``python -m gateway.check`` says of the files that an operator writes, and of the audit trail."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.check.audit import audit_found
from gateway.check.core import map_found
from gateway.check.partners import partners_found
from gateway.resources.core_map import shipped
from gateway.settings import SettingsError, load
from tests.unit.gateway.settings_given import REQUIRED

OPEN = "can be changed by every user of this machine (-rw-rw-rw-)"
PARTNERS = """
[acme]
principals = ["acme-1"]
blocked = "Call us."
[bolt]
principals = ["bolt-*"]
dry_run_only = true
[crane]
principals = ["crane"]
"""


@pytest.fixture
def settings(tmp_path):
    """``settings(NAME=value)``, with the state in a folder of the test."""
    (tmp_path / "state").mkdir(mode=0o700)
    return lambda **given: load(
        {**REQUIRED, "GATEWAY_STATE_DIR": str(tmp_path / "state"), **{f"GATEWAY_{n}": str(v) for n, v in given.items()}}
    )


@pytest.fixture
def written(tmp_path):
    def written(name, text, mode=0o600):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    return written


def test_without_those_files_nothing_is_said_of_them(settings):
    plain = settings()

    assert [*partners_found(plain), *map_found(plain), *audit_found(plain)] == []


def test_the_file_of_partners_is_told_with_what_it_says(settings, written):
    path = written("partners.toml", PARTNERS)

    assert list(partners_found(settings(PARTNERS_FILE=path))) == [
        ("partners", "ok", f"{path}: 3 named, 1 blocked, 1 for dry runs only")
    ]


def test_a_file_of_partners_that_everybody_can_change_is_a_note(settings, written):
    path = written("partners.toml", PARTNERS, 0o666)

    assert list(partners_found(settings(PARTNERS_FILE=path)))[1:] == [
        (
            "files",
            "note",
            f"{path} of GATEWAY_PARTNERS_FILE {OPEN}: it says who is blocked, and who may name which partner",
        )
    ]


def test_the_map_of_the_core_is_told(settings, written):
    path = written("core.toml", shipped(), 0o666)

    assert list(map_found(settings(CORE_MAP=path))) == [
        ("core", "ok", f"{path}: a map of the core, which python -m gateway.core map shows at work"),
        (
            "files",
            "note",
            f"{path} of GATEWAY_CORE_MAP {OPEN}: it says what is sent to the core",
        ),
    ]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("PARTNERS_FILE", "[acme]\nrate = 3\n", "GATEWAY_PARTNERS_FILE: must be a file of partners (acme.principals: "),
        ("CORE_MAP", "[update]\nmethod = 3\n", "GATEWAY_CORE_MAP: must be a map of the core ("),
    ],
)
def test_a_file_that_says_what_cannot_be_is_told_by_the_settings(settings, written, name, text, told):
    with pytest.raises(SettingsError) as wrong:
        settings(**{name: written("given.toml", text)})

    assert [line[: len(told)] for line in wrong.value.lines] == [told]


def test_an_audit_trail_that_can_be_written_is_told_with_its_place(settings, tmp_path):
    state = tmp_path / "state"

    assert list(audit_found(settings(AUDIT="all"))) == [
        ("audit", "ok", f"all, to {state}/audit.jsonl, which is not there yet; the service makes it")
    ]
    assert list(audit_found(settings(AUDIT="failures", AUDIT_TO="store"))) == [
        ("audit", "ok", f"failures, to {state}/audit.sqlite, which is not there yet; the service makes it")
    ]
    assert list(state.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"AUDIT_TO": "stdout"}, "all, to standard output, among the lines of the log"),
        ({"AUDIT_TO": "store", "REDIS_URL": "redis://localhost/0"}, "all, to Redis, as the records"),
    ],
)
def test_an_audit_trail_elsewhere_is_told(settings, given, told):
    assert list(audit_found(settings(AUDIT="all", **given))) == [("audit", "ok", told)]


def test_an_audit_trail_that_strangers_can_read_is_a_note(settings, written):
    path = written("audit.jsonl", "", 0o644)

    assert list(audit_found(settings(AUDIT="all", AUDIT_FILE=path))) == [
        ("audit", "ok", f"all, to {path}"),
        ("audit", "note", f"{path} is open to every user of this machine (-rw-r--r--): it names callers"),
    ]


@pytest.fixture
def refusing(monkeypatch):
    """Of these paths, for root may write anywhere."""
    refused = set()
    allowed = os.access
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) not in refused and allowed(path, mode))
    return refused.add


def test_an_audit_trail_that_cannot_be_written_is_wrong(settings, written, refusing, tmp_path):
    path = written("audit.jsonl", "")
    refusing(path)

    assert list(audit_found(settings(AUDIT="all", AUDIT_FILE=path))) == [
        ("audit", "WRONG", f"{path} cannot be written to (Permission denied): lines of the trail would be lost")
    ]
    assert [
        finding.text for finding in audit_found(settings(AUDIT="all", AUDIT_FILE=tmp_path / "audit.jsonl" / "below"))
    ] == [f"{path}/below cannot be written to (Not a directory): lines of the trail would be lost"]
    assert [finding.text for finding in audit_found(settings(AUDIT="all", AUDIT_FILE=tmp_path))] == [
        f"{tmp_path} cannot be written to (it is no file): lines of the trail would be lost"
    ]


def test_an_audit_trail_in_a_folder_where_nothing_can_be_made_is_wrong(settings, written, refusing):
    """Files are rotated there."""
    path = written("audit.jsonl", "")
    refusing(path.parent)

    assert [finding.verdict for finding in audit_found(settings(AUDIT="all", AUDIT_FILE=path))] == ["WRONG"]
