"""What the check may do to a core, whatever the core does."""

from __future__ import annotations

import json
import signal
import stat
import threading
from dataclasses import replace

import pytest

from gateway.core.check.command import Unusable
from gateway.core.check.writes import MOST
from sandbox.core.errors import legacy_error
from tests.doubles.checked_core import ITEM, MISSING, TOKEN, has_unknown_field, has_wrong_value, is_missing, is_write
from tests.doubles.core_faults import of_success, takes_anything, with_value
from tests.e2e.core.cases import CASES
from tests.e2e.core.conftest import PACE


def writes_of(core):
    return [request for request in core.seen if is_write(request)]


def test_without_write_nothing_is_written_and_the_item_is_only_looked_at(core, checks):
    with core.with_fault(None):
        told = checks.run(core.url, "--json")

    assert core.applied() == []
    assert {request.method for request in core.seen if request.path.endswith(f"/{ITEM}")} <= {"GET"}
    assert told.verdicts["success"] == "cannot tell"
    assert told.code == 0


def test_without_write_a_core_that_takes_anything_is_not_changed(core, checks):
    def takes_all(core, request):
        return core.as_usual(request._replace(method="GET", body=b"")) if is_write(request) else None

    with core.with_fault(takes_all):
        checks.run(core.url, "--json")

    assert core.applied() == []
    assert writes_of(core) == []


def test_the_missing_id_is_never_sent_a_value_that_could_be_kept(core, checks):
    with core.with_fault(None):
        checks.run(core.url, "--json", "--write")

    bodies = {request.body for request in core.seen if is_missing(request)}
    assert bodies == {b"{}", b'{"subtitle_en":{"check":true}}', b'{"field_that_the_check_made_up":"x"}'}


def test_a_core_that_looks_at_bodies_first_gets_no_value_where_the_id_may_be_there(core, checks):
    """It shows no item by GET, so nobody knows."""

    def hides(_core, request):
        return legacy_error(404) if request.method == "GET" else legacy_error(422) if request.body == b"{}" else None

    with core.with_fault(hides):
        told = checks.run(core.url, "--json")

    assert b'{"subtitle_en":"gateway check"}' not in {request.body for request in core.seen}
    assert told.verdicts["unknown id"] == "cannot tell"


def test_a_missing_id_that_is_there_ends_the_run_before_anything_is_sent(core, checks):
    with core.with_fault(None), pytest.raises(Unusable, match="the core shows the item 19354"):
        checks.run(core.url, "--write", "--missing-id", "19354")

    assert [request.method for request in core.seen] == ["GET"]


def test_a_core_that_takes_an_update_of_the_missing_id_is_asked_no_more_about_it(core, checks):
    def takes_missing(core, request):
        body = json.dumps({"data": {"id": int(MISSING)}}).encode()
        return replace(core.as_usual(request), status=200, body=body) if is_missing(request) else None

    with core.with_fault(takes_missing):
        told = checks.run(core.url, "--json")

    assert len([request for request in core.seen if is_missing(request)]) == 1
    assert told.verdicts["unknown id"] == "fail"


@pytest.mark.parametrize("fault", [None, takes_anything, with_value(lambda _value: "x")])
def test_no_run_writes_more_than_its_bound(fault, core, checks):
    with core.with_fault(fault):
        checks.run(core.url, "--json", "--write")

    assert 0 < len(writes_of(core)) <= MOST


def test_the_value_afterwards_is_what_it_was_though_values_were_changed(core, checks):
    with core.with_fault(None):
        before = core.row()
        checks.run(core.url, "--json", "--write")

        assert len({json.dumps(body) for body in core.applied()}) >= 5
        assert core.row() == before


def test_each_row_puts_back_what_it_has_written_before_the_next_one_begins(core, checks):
    found = []

    def look(core, request):
        if "Congé".encode() in request.body:
            found.append(json.loads(core.as_usual(request._replace(method="GET", body=b"")).body)["data"])

    with core.with_fault(look):
        before = core.row()
        checks.run(core.url, "--json", "--write")

    assert found == [before]


def test_a_null_is_put_back_too(core, checks):
    with core.with_fault(None):
        core.change({"subtitle_en": None})
        checks.run(core.url, "--json", "--write")

        assert core.row()["subtitle_en"] is None


@pytest.mark.parametrize("stopped_at", [1, 3, 5, 9, 11, 13])
def test_ctrl_c_at_any_write_puts_the_value_back(stopped_at, core, checks):
    def stop(core, request):
        if is_write(request) and core.writes == stopped_at:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    with core.with_fault(stop):
        before = core.row()
        with pytest.raises(KeyboardInterrupt):
            checks.run(core.url, "--json", "--write")

        assert core.row() == before
        assert core.writes >= stopped_at


def test_a_late_update_is_put_back_at_the_end(core, checks):
    """The update that timed out is applied after its row had ended."""

    def late(core, request):
        if has_unknown_field(request):
            core.change({"subtitle_en": "late"})

    with core.with_fault(late):
        before = core.row()
        checks.run(core.url, "--json", "--write")

        assert core.row() == before


def test_a_value_that_cannot_be_put_back_is_told_with_the_file_that_holds_it(core, checks, tmp_path, capsys):
    def sticks(core, request):
        """After another value was written, nothing is taken any more."""
        if not is_write(request) or has_wrong_value(request):
            return None
        core.uses["writes"] += 1
        return of_success("500")(core, request) if core.uses["writes"] > 3 else None

    journal = tmp_path / "calls"
    with core.with_fault(sticks):
        own = core.row()["subtitle_en"]
        told = checks.run(core.url, "--json", "--write", "--journal", str(journal))

    entries = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    [kept] = [entry for entry in entries if entry["event"] == "own"]
    assert told.code == 4
    assert str(journal) in capsys.readouterr().err
    assert kept["fields"] == {"subtitle_en": own}


def test_the_journal_has_each_call_before_it_leaves_and_is_its_owners_alone(core, checks, tmp_path):
    journal = tmp_path / "calls"
    with core.with_fault(None):
        told = checks.run(core.url, "--json", "--write", "--journal", str(journal))

    entries = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    calls = [(entry["method"], entry["path"], entry["body"]) for entry in entries if entry["event"] == "call"]
    assert calls == [(request.method, request.path, request.body.decode()) for request in core.seen]
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600
    assert told.document["journal"] == str(journal)
    assert TOKEN not in journal.read_text(encoding="utf-8")


def test_a_journal_that_is_there_is_not_written_over(core, checks, tmp_path):
    journal = tmp_path / "calls"
    journal.write_text("mine", encoding="utf-8")

    with core.with_fault(None), pytest.raises(FileExistsError):
        checks.run(core.url, "--write", "--journal", str(journal))

    assert journal.read_text(encoding="utf-8") == "mine"
    assert core.seen == []


def test_what_is_told_holds_no_value_of_the_item_and_no_secret(core, checks):
    with core.with_fault(None):
        row = core.row()
        texts = [checks.run(core.url, shown, "--write").text for shown in ("--json", "--junit")]
        texts.append(checks.run(core.url, "--write").text)

    secrets = [TOKEN, *(value for value in row.values() if type(value) is str and len(value) > 10)]
    assert len(secrets) >= 4
    assert [secret for secret in secrets for text in texts if secret in text] == []


def test_each_call_announces_itself(core, checks):
    with core.with_fault(None):
        checks.run(core.url, "--json", "--write", "--load")

    assert {request.headers["user-agent"] for request in core.seen} == {"bulk-update-gateway-check"}


def test_load_ends_at_its_first_error(core, checks):
    [busy] = [case for case in CASES if case.name == "busy"]
    with core.with_fault(busy.fault):
        checks.run(core.url, "--json", "--write", "--load", pace=replace(PACE, levels=(1, 2, 4, 8)))

    # Of two at once, one may be on its way when the other fails; the value is looked at, and not written again.
    assert 41 <= core.writes <= 42
