"""Each fault of a core turns exactly its row of the check red."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sandbox.core.dialects.nested import Nested
from sandbox.core.dialects.rpc import Rpc
from sandbox.core.errors import legacy_error
from sandbox.server.messages import json_answer
from tests.docs import ROOT
from tests.doubles.checked_core import CheckedCore, is_missing
from tests.doubles.core_faults import has_two_nodes, of_missing, of_success
from tests.doubles.core_maps import changed
from tests.e2e.core.cases import CASES
from tests.e2e.core.conftest import PACE

WRITE = ("--json", "--write")
RED = {"warn", "fail"}
GREEN = {
    "reach": "pass",
    "credentials": "pass",
    "unknown id": "pass",
    "framing": "pass",
    "clock": "pass",
    "keep-alive": "pass",
    "success": "pass",
    "refused value": "pass",
    "unknown field": "pass",
    "idempotency": "pass",
    "at once": "pass",
    "values": "pass",
    "load": "pass",
    "declared": "cannot tell",
}


def test_a_core_without_faults_passes_each_row(core, checks):
    with core.with_fault(None):
        told = checks.run(core.url, *WRITE, "--load")

    assert told.verdicts == GREEN
    assert told.lines == []
    assert told.code == 0


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_turns_its_row_red_and_no_other(case, core, checks):
    with core.with_fault(case.fault):
        before = core.row()
        pace = replace(PACE, rests=(case.rest,))
        told = checks.run(core.url, *WRITE, *case.options, pace=pace, core_keepalive=case.rest / 2)

    assert {row: verdict for row, verdict in told.verdicts.items() if verdict in RED} == {case.row: case.verdict}
    assert set(case.lines) <= set(told.lines)
    assert told.code == {"warn": 3, "fail": 4}[case.verdict]
    assert core.row() == before


@pytest.mark.parametrize("status", [401, 403])
def test_no_map_is_proposed_that_reads_refused_credentials_as_an_unknown_id(status, core, checks):
    """All items would be not found on the day on which the credentials expire."""
    with core.with_fault(of_missing(legacy_error(status))):
        told = checks.run(core.url, "--json")

    assert told.verdicts["unknown id"] == "warn"
    assert told.lines == []


@pytest.mark.parametrize(("status", "header", "line"), [
    (400, "Idempotency-Key", '[update] key_form = "hex_upper"'),
    (403, "X-Tenant", '[update] headers = {X-Tenant = "…"}'),
])  # fmt: skip
def test_a_core_that_refuses_every_update_says_once_for_which_header(status, header, line, core, checks, tmp_path):
    """Not that it refuses a value, a field or credentials: those nobody has asked it."""
    refusal = json_answer({"code": 24, "heads": [header]}, status)
    path = tmp_path / "core.toml"
    path.write_text(changed('ok_at = ""', 'code_at = "code"'), encoding="utf-8")
    with core.with_fault(lambda _core, request: refusal if request.method == "PATCH" else None):
        told = checks.run(core.url, "--json", core_map=path)

    [row] = [row for row in told.document["rows"] if row["row"] == "unknown id"]
    assert row["told"] == f'the core refuses every update: status {status}, code: 24, heads: ["{header}"]'
    rows = ("unknown id", "credentials", "refused value", "unknown field")
    assert [told.verdicts[each] for each in rows] == ["fail", *["cannot tell"] * 3]
    assert told.lines == [line]


def test_a_core_that_refuses_every_update_in_the_same_words_passes_no_row_that_needs_an_answer(core, checks):
    refusal = json_answer({"message": "Bad request."}, 400)
    with core.with_fault(lambda _core, request: refusal if request.method == "PATCH" else None):
        told = checks.run(core.url, "--json")

    rows = ("unknown id", "credentials", "refused value", "unknown field")
    assert [told.verdicts[each] for each in rows] == ["warn", *["cannot tell"] * 3]


def test_a_core_that_takes_no_other_value_of_the_field_is_not_told_as_one_that_loses_a_call(core, checks):
    """As a due date before the date from which the item counts."""

    def takes_its_own_alone(core, request):
        is_other = request.method == "PATCH" and "gateway check" in request.body.decode()
        return legacy_error(422) if is_other else None

    with core.with_fault(takes_its_own_alone):
        told = checks.run(core.url, *WRITE)

    assert told.verdicts["at once"] == "cannot tell"


def test_a_busy_core_is_told_as_busy_and_not_as_one_that_refuses_the_value(core, checks):
    with core.with_fault(of_success("503")):
        told = checks.run(core.url, "--json", "--write")

    [success] = [row for row in told.document["rows"] if row["row"] == "success"]
    assert success["told"] == "no success: status 503 means busy"


def test_a_node_with_keys_of_its_own_is_found_behind_one_of_twenty_connections(core, checks):
    with core.with_fault(has_two_nodes):
        told = checks.run(core.url, *WRITE, pace=replace(PACE, key_lines=20))

    assert told.verdicts["idempotency"] == "fail"
    assert "GATEWAY_CORE_HONOURS_IDEMPOTENCY=false" in told.lines


@pytest.mark.parametrize(("name", "dialect"), [("rpc", Rpc), ("nested", Nested)])
def test_a_dialect_passes_with_the_settings_that_the_check_says_to_write(name, dialect, checks, tmp_path):
    settings = {"core_map": ROOT / "sandbox" / "maps" / f"{name}.toml", "core_honours_idempotency": "false"}
    with CheckedCore(tmp_path, dialect=dialect()).serving() as core, core.with_fault(None):
        before = core.row()
        first = checks.run(core.url, *WRITE, **settings)
        written = dict(line.removeprefix("GATEWAY_").lower().split("=") for line in first.lines)
        again = checks.run(core.url, *WRITE, "--load", **{**settings, **written})

        assert core.row() == before
    assert written == {"core_honours_idempotency": "true"}
    assert again.verdicts == GREEN
    assert again.lines == []


def test_a_core_that_refuses_an_update_without_fields_in_a_200_is_asked_with_one(core, checks, tmp_path):
    def refuses_empty(_core, request):
        return json_answer({"error": {"code": "EMPTY"}}) if is_missing(request) and request.body == b"{}" else None

    path = tmp_path / "core.toml"
    path.write_text(changed('ok_at = ""', 'error_at = "error"'), encoding="utf-8")
    with core.with_fault(refuses_empty):
        told = checks.run(core.url, "--json", core_map=path)

    assert told.verdicts["unknown id"] == "pass"


def test_a_path_that_the_core_does_not_have_is_no_missing_item(core, checks):
    """As a team meets it with the map of another core."""
    with core.with_fault(None):
        told = checks.run(core.url, *WRITE, core_map=ROOT / "sandbox" / "maps" / "rpc.toml")

    assert {row: verdict for row, verdict in told.verdicts.items() if verdict in RED} == {"success": "fail"}
    assert told.lines == ['[update] path = "/…/{id}"']
