"""``python -m gateway.core map`` tells what a map makes of an item; its page shows what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/operators/your-core.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r'```(?:toml|python) title="([^"]+)"\n(.*?)```', PAGE, re.DOTALL))
MAP = FILES["core.toml"]
CONSOLE = dict(re.findall(r"```console\n\$ ([^\n]*)\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(folder: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway.core", "map", *arguments]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=folder, env=environment, input=given, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("name", ["core.toml", "records.toml"])
def test_the_page_shows_what_its_map_loses(folder: Path, name: str):
    told = run(folder, name)

    assert (told.returncode, told.stderr) == (3, "")
    assert told.stdout == CONSOLE[f"python -m gateway.core map {name}"]


@pytest.mark.parametrize("name", ["core.toml", "records.toml"])
def test_the_page_shows_the_call_of_its_map(folder: Path, name: str):
    [(command, shown)] = [each for each in CONSOLE.items() if each[0].endswith(f"--call {name}")]
    [item] = re.findall(r"echo '(.*)'", command)

    assert run(folder, "--call", name, given=item).stdout == shown


def test_the_page_shows_what_its_python_loses(folder: Path):
    told = run(folder, "listed.toml")

    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == CONSOLE["python -m gateway.core map listed.toml"]


def test_the_shipped_map_loses_nothing(folder: Path):
    told = run(folder)

    assert told.returncode == 0
    assert told.stdout == (
        'effective_date: "2024-07-31 16:05:09" is sent as {"effective_at":1722441909}\n'
        'due_date: "2024-07-31 16:05:09" is sent as {"due_at":1722441909}\n'
        'expires_at: "2024-07-31 16:05:09" is sent as {"expires_at":1722441909}\n'
        "gateway/resources/core.toml: 95 of 95 values come back as they were sent.\n"
    )


def test_the_page_shows_what_an_answer_means_by_its_map(folder: Path):
    [(command, shown)] = [each for each in CONSOLE.items() if "--answer" in each[0]]
    [body] = re.findall(r"echo '(.*)'", command)

    assert run(folder, "--answer", "200", "core.toml", given=body).stdout == shown


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        ("204", "", '"means": "updated",\n  "public": "what was sent"'),
        ("200", '{"ok": true, "result": {"id": "19353", "state": 4}}', '"status": "done"'),
        ("200", '{"ok": true, "result": {"id": "7"}}', '"means": "unreadable",\n  "may_have_been_applied": true'),
        ("200", '{"ok": false, "error": {"code": 99}}', '"means": "failed",\n  "may_have_been_applied": true'),
        ("410", "{}", '"means": "not_found",\n  "may_have_been_applied": false'),
        ("500", "{}", '"means": "failed",\n  "may_have_been_applied": true'),
        ("302", "", '"means": "unreadable"'),
    ],
)
def test_an_answer_means_what_the_map_says(folder: Path, status: str, body: str, told: str):
    asked = run(folder, "--answer", status, "core.toml", given=body)

    assert (asked.returncode, asked.stderr) == (0, "")
    assert told in asked.stdout


def test_without_an_id_an_answer_is_about_the_example_of_the_map(folder: Path):
    (folder / "uuids.toml").write_text(MAP.replace('id = "digits"', 'id = "uuid"'), encoding="utf-8")

    assert '"means": "rejected"' in run(folder, "--answer", "422", "uuids.toml", given="{}").stdout


def test_a_map_is_shown_as_a_table(folder: Path):
    lines = run(folder, "--table", "core.toml").stdout.splitlines()

    assert lines[2] == "| `actionId` | `POST /rpc/actions/{id}/update` |"
    assert lines[-1] == "| `author_id` | `author`, answers only |"
    assert len(lines) == 14


@pytest.mark.parametrize(
    ("arguments", "given", "reason"),
    [
        (("none.toml",), "", "error: none.toml: No such file or directory"),
        (("broken.toml",), "", "error: broken.toml: update is missing"),
        (("unsure.toml",), "", "error: unsure.toml: meaning.500 must be a status from 400 to 499"),
        (("--answer", "200", "--id", "x"), "{}", "error: actionId: Must be a positive number"),
        (("--call",), "{", "error: standard input is not JSON: "),
        (("--call",), '{"actionId": "1", "status": "x"}', "error: status: Must be one of: "),
        (("--call",), "[]", "error: the item: Must be an object."),
        (
            ("--call", "core.toml"),
            '{"actionId": "1", "due_date": "9999-12-31 23:59:59"}',
            "error: the item cannot be sent (date",
        ),
        (("empty.toml",), "", "error: empty.toml: is empty"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(folder: Path, arguments: tuple[str, ...], given: str, reason: str):
    (folder / "broken.toml").write_text('[core]\nid = "integer"\n', encoding="utf-8")
    (folder / "unsure.toml").write_text(MAP.replace("410 = ", "500 = "), encoding="utf-8")
    (folder / "empty.toml").touch()
    told = run(folder, *arguments, given=given)

    assert told.returncode == 1
    assert told.stderr.startswith(reason)
    assert told.stderr.count("\n") == 1
