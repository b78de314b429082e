"""`python -m gateway.core check` as an operator runs it, and as its page shows it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from gateway.core.__main__ import main
from sandbox.core.dialects.nested import Nested
from sandbox.core.dialects.rpc import Rpc
from sandbox.core.errors import legacy_error
from tests.docs import DOCS, ROOT
from tests.doubles.checked_core import ITEM, MISSING, CheckedCore
from tests.doubles.core_faults import of_missing

OPTIONS = ("check", "--id", ITEM, "--missing-id", MISSING, "--field", "subtitle", "--rest", "0.01")
PAGE = (DOCS / "operators/your-core.md").read_text(encoding="utf-8")
SHOWN, PARTS, NESTED_PARTS = re.findall(
    r"```console\n\$ python -m gateway\.core check [^`]*?\n\n?(.*?)```", PAGE, re.DOTALL
)


def masked(text: str) -> list[str]:
    """Words without numbers, however the lines are broken."""
    return re.sub(r"[\d.,]*\d", "#", text).split()


@pytest.fixture
def environ(core, tmp_path):
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "GATEWAY_CORE_URL": core.url,
        "GATEWAY_CORE_AUTH": "none",
        "GATEWAY_CORE_TRANSPORT": "hub",
        "GATEWAY_KEYCLOAK_URL": "http://keycloak.test",
        "GATEWAY_KEYCLOAK_REALM": "partners",
        "GATEWAY_KEYCLOAK_AUDIENCE": "gateway",
        "GATEWAY_STATE_DIR": str(tmp_path),
    }


@pytest.fixture
def command(environ, tmp_path, monkeypatch, capsys):
    """Runs in this process, and gives the exit code and what was told."""

    def run(*options):
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        code = main([*OPTIONS, *options])
        return code, *capsys.readouterr()

    return run


def anyone(core, request):
    return core.as_usual(request)


def test_the_page_shows_what_a_run_says(core, checks):
    with core.with_fault(anyone):
        core.has_clock = False
        told = checks.run(
            core.url,
            "--write",
            "--journal",
            str(checks.folder / "calls.ndjson"),
            core_auth="none",
            core_auth_file="",
            core_honours_idempotency="false",
        )

    assert masked(told.text.replace(f"{checks.folder}/", "")) == masked(SHOWN)


def test_the_page_shows_parts_of_a_run_against_a_core_that_answers_200_to_everything(checks, tmp_path):
    with CheckedCore(tmp_path, dialect=Rpc()).serving() as core, core.with_fault(anyone):
        told = checks.run(core.url, core_map=bare_rpc_map(tmp_path), core_auth="none", core_auth_file="")

    words = " ".join(masked(told.text))
    parts = [" ".join(masked(part)) for part in PARTS.split("…\n") if part]
    assert len(parts) == 2
    assert [part for part in parts if part not in words] == []


def test_the_page_shows_parts_of_a_run_against_a_core_with_objects_in_objects(checks, tmp_path):
    with CheckedCore(tmp_path, dialect=Nested()).serving() as core, core.with_fault(anyone):
        told = checks.run(core.url, "--write", core_map=bare_nested_map(tmp_path), core_auth="none", core_auth_file="")

    words = " ".join(masked(told.text))
    parts = [" ".join(masked(part)) for part in NESTED_PARTS.split("…\n") if part]
    assert len(parts) == 3
    assert [part for part in parts if part not in words] == []


def test_a_map_of_such_a_core_with_the_lines_that_the_check_says_to_write_passes(checks, tmp_path):
    path = bare_nested_map(tmp_path)
    with CheckedCore(tmp_path, dialect=Nested()).serving() as core, core.with_fault(None):
        first = checks.run(core.url, "--json", "--write", core_map=path)
        meaning, errors_at = dict.fromkeys(first.lines)
        lines = [errors_at.removeprefix("[answers] "), "[meaning]", meaning.removeprefix("[meaning] ")]
        path.write_text("\n".join([path.read_text(encoding="utf-8"), *lines]), encoding="utf-8")
        again = checks.run(core.url, "--json", "--write", core_map=path)

    assert (first.code, again.code) == (3, 0)


def test_a_map_with_the_lines_that_the_check_says_to_write_passes(checks, tmp_path):
    path = bare_rpc_map(tmp_path)
    with CheckedCore(tmp_path, dialect=Rpc()).serving() as core, core.with_fault(None):
        first = checks.run(core.url, "--json", core_map=path)
        answers, codes = (
            [line.removeprefix(section) for line in dict.fromkeys(first.lines) if line.startswith(section)]
            for section in ("[answers] ", "[codes] ")
        )
        path.write_text("\n".join([path.read_text(encoding="utf-8"), *answers, "[codes]", *codes]), encoding="utf-8")
        again = checks.run(core.url, "--json", "--write", core_map=path)

    assert (first.code, again.code) == (4, 0)
    assert set(again.verdicts.values()) == {"pass", "cannot tell"}


def bare_rpc_map(folder):
    return bare_map(folder, "rpc", 'action_at = "result"')


def bare_nested_map(folder):
    return bare_map(folder, "nested", 'action_at = "action"\nid_at = "meta.id"')


def bare_map(folder, name, answers):
    """Of a team that has not yet said what answers mean."""
    whole = (ROOT / "sandbox" / "maps" / f"{name}.toml").read_text(encoding="utf-8")
    path = folder / "core.toml"
    path.write_text(f"{whole.partition('[answers]')[0]}[answers]\n{answers}\n", encoding="utf-8")
    return path


def test_a_run_fits_into_80_columns(core, checks):
    with core.with_fault(of_missing(legacy_error(500))):
        told = checks.run(core.url, "--write")

    assert max(map(len, told.text.split("All calls")[0].splitlines())) <= 80


def test_a_run_passes_over_the_default_transport(core, command):
    with core.with_fault(anyone):
        code, out, err = command("--json", "--write", "--confirm", ITEM)

    assert (code, json.loads(out)["exit"]) == (0, 0)
    assert err == f"subtitle.en of {ITEM} has its own value.\n"


def test_ctrl_c_puts_the_value_back_and_ends_with_one_line(core, environ, tmp_path):
    with core.with_fault(anyone):
        before = core.row()
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway.core", *OPTIONS, "--write", "--confirm", ITEM],
            cwd=tmp_path,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

        def stop(_core, request):
            if b"gateway check" in request.body and not core.uses["stopped"]:
                core.uses["stopped"] = 1
                os.kill(process.pid, signal.SIGINT)
            return anyone(core, request)

        core.fault = stop
        out, err = process.communicate(timeout=60)

        assert core.row() == before
    assert out.splitlines()[-1].startswith("pass          unknown field ")
    assert process.returncode == 130
    assert err.splitlines() == [f"subtitle.en of {ITEM} has its own value.", "", "stopped"]


@pytest.mark.parametrize(
    ("options", "code", "reason"),
    [
        (("--write",), 2, "error: --write needs the id once more: --confirm ID"),
        (("--write", "--confirm", "19354"), 2, "error: the ids differ; nothing was sent"),
        (("--load",), 2, "error: --load writes, so it needs --write"),
        (("--field", "status"), 1, "error: --field must be one of: title, subtitle, details, partner_ids, "),
        (("--missing-id", "19354"), 1, "error: the core shows the item 19354; --missing-id must not be there"),
        (("--baseline", "."), 1, "error: . is no baseline ("),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(core, command, options, code, reason):
    with core.with_fault(anyone):
        told = command(*options)

    assert told[:2] == (code, "")
    assert told[2].startswith(reason)
    assert told[2].count("\n") == 1
    assert core.writes == 0


def test_credentials_of_a_caller_come_from_a_file(core, checks, tmp_path):
    given = tmp_path / "caller"
    given.write_text("Bearer good\n", encoding="ascii")
    with core.with_fault(None):
        told = checks.run(
            core.url, "--json", "--authorization-file", str(given), core_auth="forward", core_auth_file=""
        )

    assert told.verdicts["credentials"] == "pass"


def test_a_baseline_is_written_once_and_tells_drift_from_then_on(core, checks, tmp_path):
    kept = str(tmp_path / "baseline.json")
    with core.with_fault(None):
        first = checks.run(core.url, "--json", "--baseline", kept)
        again = checks.run(core.url, "--json", "--baseline", kept)
    written = Path(kept).read_bytes()
    with core.with_fault(of_missing(legacy_error(410))):
        drifted = checks.run(core.url, "--json", "--baseline", kept)
        shown = checks.run(core.url, "--baseline", kept)

    assert (first.code, again.code, drifted.code) == (0, 0, 4)
    assert (first.document["drift"], again.document["drift"]) == ([], [])
    assert drifted.document["drift"] == ["unknown id: warn, was pass"]
    assert "Different from the baseline:\n  unknown id: warn, was pass" in shown.text
    assert Path(kept).read_bytes() == written


def test_another_shape_with_the_same_verdict_is_drift(core, checks, tmp_path):
    kept = str(tmp_path / "baseline.json")
    with core.with_fault(None):
        checks.run(core.url, "--json", "--baseline", kept)
    with core.with_fault(of_missing(legacy_error(404, errors={"id": ["Unknown."]}))):
        told = checks.run(core.url, "--json", "--baseline", kept)

    assert told.code == 4
    [line] = told.document["drift"]
    assert line.startswith("unknown id: body is {errors: {id: [text]}, message: text, ")
    assert line.endswith(", was {errors: {}, message: text, status_code: integer}")


def test_junit_counts_failures_and_what_was_not_asked(core, checks):
    with core.with_fault(of_missing(legacy_error(500))):
        suite = ET.fromstring(checks.run(core.url, "--junit").text)

    cases = {case.get("name"): [child.tag for child in case] for case in suite}
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("14", "1", "6")
    assert cases["unknown id"] == ["failure"]
    assert cases["reach"] == ["system-out"]
    assert cases["load"] == ["skipped"]
