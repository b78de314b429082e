"""The command against the real gateway: what it says, what it leaves, and every exit code."""

from __future__ import annotations

import csv
import gzip
import json
import os
import signal

import pytest

from sandbox.core.seed import FIRST_ACTION
from tests.e2e.cli.command import Command
from tests.e2e.stack import CoreView

pytestmark = pytest.mark.e2e
MIXED = "actionId;status;note\n19353;done;a\n90404;done;b\n90422;done;c\n"


def rows_of(path, delimiter=","):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))


def applied(stack):
    return sorted(entry["path"].rpartition("/")[2] for entry in CoreView(stack).journal())


def test_0_where_all_is_applied_and_the_last_sentence_says_so(command):
    ran = command.run("update", str(command.write(FIRST_ACTION, 30)))

    assert ran.returncode == 0
    assert ran.stderr.splitlines()[-1] == "All 30 updates are applied."
    assert ran.stdout == ""
    assert applied(command.stack) == [str(FIRST_ACTION + number) for number in range(30)]
    assert {path.name for path in command.folder.iterdir()} == {"updates.csv", "state"}


def test_3_where_some_are_and_the_failed_rows_are_left_with_all_their_columns(command):
    (command.folder / "updates.csv").write_text(MIXED)

    ran = command.run("update", "updates.csv", "--ignore", "note")

    assert ran.returncode == 3
    assert "1 of 3 updates are applied, 2 failed." in ran.stderr
    assert ran.stderr.splitlines()[-1] == (
        "Mend updates.failed.csv and send it: actions update updates.failed.csv --ignore=note"
    )
    assert [row[:4] for row in rows_of(command.folder / "updates.failed.csv", ";")] == [
        ["actionId", "status", "note", "_error_code"],
        ["90404", "done", "b", "not_found"],
        ["90422", "done", "c", "rejected"],
    ]
    assert command.run("update", "updates.csv", "--ignore", "note", "--ok-if-partial").returncode == 0


def test_the_failed_rows_are_input_again_and_a_file_that_was_mended_is_not_written_over(command):
    (command.folder / "updates.csv").write_text(
        MIXED.replace(";note", "").replace(";a", "").replace(";b", "").replace(";c", "")
    )
    command.run("update", "updates.csv")
    failed = command.folder / "updates.failed.csv"
    mended = failed.read_text().replace("90404", "19354").replace("90422", "19355")
    failed.write_text(mended)

    again = command.run("update", "updates.failed.csv")

    assert (again.returncode, failed.read_text()) == (0, mended)
    assert applied(command.stack) == ["19353", "19354", "19355"]


def test_4_where_none_is(command):
    ran = command.run("update", str(command.write(90404, 1)))

    assert ran.returncode == 4
    assert "0 of 1 updates are applied, 1 failed." in ran.stderr


def test_5_where_rows_are_invalid_and_nothing_was_sent(command):
    (command.folder / "updates.csv").write_text("actionId,status\n19353,open\n")

    ran = command.run("update", "updates.csv")

    assert ran.returncode == 5
    assert (
        "row 2, status: Must be one of: active, inactive, draft, approved, pending, done. (it is 'open')" in ran.stderr
    )
    assert "1 row of updates.csv is invalid; nothing was sent." in ran.stderr
    assert CoreView(command.stack).counts()["total"] == 0


def test_5_where_the_credentials_do_not_hold(command):
    command.environment["ACTIONS_TOKEN"] = "nonsense"

    ran = command.run("update", str(command.write(FIRST_ACTION, 1)))

    assert ran.returncode == 5
    assert "Set ACTIONS_TOKEN to a new token. Where that does not help, ask your operator." in ran.stderr


def test_5_where_the_role_is_missing(command):
    command.environment["ACTIONS_TOKEN"] = command.stack.token("reader")

    ran = command.run("update", str(command.write(FIRST_ACTION, 1)))

    assert ran.returncode == 5
    assert "does not carry the scope or role" in ran.stderr


def test_2_where_it_is_not_understood(command):
    assert command.run("update").returncode == 2
    assert command.run("updat", "x").returncode == 2
    ran = command.run("update", "nowhere.csv")
    assert (ran.returncode, ran.stderr) == (2, "actions: nowhere.csv: No such file or directory\n")
    del command.environment["ACTIONS_URL"]
    assert "which gateway? Run actions login" in command.run("limits").stderr


def test_6_where_time_is_over_and_the_same_command_goes_on(command):
    path = command.write(FIRST_ACTION, 30)

    first = command.run("update", str(path), "--deadline", "0s")
    second = command.run("update", str(path))

    assert (first.returncode, second.returncode) == (6, 0)
    assert "30 were not sent" in first.stderr
    assert first.stderr.splitlines()[-1] == "The same command sends what is left and what can still succeed."


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_130_where_it_is_interrupted_and_resume_goes_on(make_stack, tmp_path, number):
    stack = make_stack(core=["--latency-ms", "50"])
    command = Command(stack, tmp_path)
    path = command.write(FIRST_ACTION, 300)
    process = command.start("update", str(path), "--batch", "20")
    assert command.wait_until(lambda: command.told("answer") >= 2, process)

    code, said = command.end(process, number)

    assert code == 130
    assert said.splitlines()[-1] == "The same command goes on from here."
    assert f"of 300 rows sent  {path}" in command.run("resume", "--list").stdout
    assert command.run("resume").returncode == 0
    assert applied(stack) == [str(FIRST_ACTION + one) for one in range(300)]
    assert "Nothing to go on with" in command.run("resume").stderr


def test_1_where_the_disk_is_full_and_after_making_room_it_goes_on(make_stack, tmp_path):
    stack = make_stack(core=["--latency-ms", "5"])
    command = Command(stack, tmp_path)
    path = command.write(FIRST_ACTION, 400)
    ran = command.run_on_a_full_disk("update", str(path), "--batch", "10", "--quiet")

    assert ran.returncode == 1, ran.stderr
    assert "make room, then run the same command again" in ran.stderr
    assert 0 < CoreView(stack).counts()["applied"] < 400
    assert command.run("update", str(path), "--batch", "10").returncode == 0
    assert applied(stack) == [str(FIRST_ACTION + one) for one in range(400)]


def test_two_at_once_on_one_file_and_the_second_says_so(make_stack, tmp_path):
    command = Command(make_stack(core=["--latency-ms", "200"]), tmp_path)
    path = command.write(FIRST_ACTION, 200)
    first = command.start("update", str(path), "--batch", "10")
    assert command.wait_until(lambda: command.told("cut") >= 1, first)
    # It holds the file, however slowly the second starts.
    first.send_signal(signal.SIGSTOP)

    second = command.run("update", str(path))

    command.end(first)
    assert second.returncode == 5
    assert second.stderr == "actions: another actions command works on this file now; wait for it, or stop it\n"


@pytest.mark.slow
def test_limits_that_are_lowered_between_two_runs_never_cut_anew_what_may_have_left(make_stack, tmp_path):
    stack = make_stack({"MAX_BATCH_ITEMS": "100"}, core=["--latency-ms", "30"])
    command = Command(stack, tmp_path)
    path = command.write(FIRST_ACTION, 500)
    process = command.start("update", str(path))
    assert command.wait_until(lambda: command.told("cut") >= 3, process)
    command.end(process)
    stack.gateway.environment = {**stack.gateway.environment, "GATEWAY_MAX_BATCH_ITEMS": "30"}
    stack.gateway.stop()
    stack.gateway.start()

    ran = command.run("update", str(path), "--json")

    end = json.loads(ran.stdout.splitlines()[-1])
    assert (end["rows"], end["failed"], end["not_sent"]) == (500, 0, 0)
    assert end["unknown"] in {0, 100}  # the chunk in flight, whole, or none where its answer was in the journal
    assert ran.returncode == (3 if end["unknown"] else 0)
    left = (command.folder / "updates.unknown.csv").read_text() if end["unknown"] else ""
    told = {row.split(",")[0] for row in left.splitlines()[1:]}
    once = applied(stack)
    assert len(set(once)) == len(once)
    assert set(once) | told == {str(FIRST_ACTION + one) for one in range(500)}


def test_an_input_that_was_edited_between_two_runs_is_refused(make_stack, tmp_path):
    command = Command(make_stack(core=["--latency-ms", "50"]), tmp_path)
    path = command.write(FIRST_ACTION, 300)
    process = command.start("update", str(path), "--batch", "20")
    assert command.wait_until(lambda: command.told("answer") >= 1, process)
    command.end(process)
    command.write(FIRST_ACTION, 300, status="active")

    refused = command.run("update", str(path), "--batch", "100")
    begun_anew = command.run("update", str(path), "--batch", "100", "--restart")

    assert refused.returncode == 5
    assert "updates.csv was changed since the run of" in refused.stderr
    assert begun_anew.returncode == 0


def test_every_form_of_input_says_the_same(command):
    items = [{"actionId": str(FIRST_ACTION + number), "status": "done"} for number in range(3)]
    lines = "".join(json.dumps(item) + "\n" for item in items)
    inputs = {
        "a.csv": command.write(FIRST_ACTION, 3).read_bytes(),
        "b.ndjson": lines.encode(),
        "c.json": json.dumps({"data": items}, indent=2).encode(),
        "d.json": json.dumps(items).encode(),
        "e.csv.gz": gzip.compress(command.write(FIRST_ACTION, 3).read_bytes()),
        "f.ndjson.gz": gzip.compress(lines.encode()),
    }
    for name, content in inputs.items():
        (command.folder / name).write_bytes(content)
        ran = command.run("update", name, "--restart")
        assert (name, ran.returncode, ran.stderr.splitlines()[-1]) == (name, 0, "All 3 updates are applied.")
    for given in (lines, json.dumps(items), inputs["a.csv"].decode()):
        assert command.run("update", "-", "--restart", given=given).returncode == 0
    assert list((command.folder / "state" / "spool").iterdir()) == []
    assert applied(command.stack) == sorted([item["actionId"] for item in items] * 9)


def test_standard_input_is_resumed_from_what_was_spooled(make_stack, tmp_path):
    stack = make_stack(core=["--latency-ms", "50"])
    command = Command(stack, tmp_path)
    path = command.write(FIRST_ACTION, 200)
    with path.open() as given:
        process = command.start("update", "-", "--batch", "20", stdin=given)
        assert command.wait_until(lambda: command.told("answer") >= 1, process)
        command.end(process)

    assert "standard input" in command.run("resume", "--list").stdout
    assert command.run("resume").returncode == 0
    assert applied(stack) == [str(FIRST_ACTION + one) for one in range(200)]
    assert list((command.folder / "state" / "spool").iterdir()) == []


def test_what_was_applied_is_kept_where_it_is_asked_for(command):
    command.run("update", str(command.write(FIRST_ACTION, 3)), "--applied")

    kept = [json.loads(line) for line in (command.folder / "updates.applied.ndjson").read_text().splitlines()]
    assert [(item["actionId"], item["status"], "author_id" in item) for item in kept] == [
        (str(FIRST_ACTION + number), "done", True) for number in range(3)
    ]


def test_json_has_the_facts_and_quiet_says_nothing(command):
    (command.folder / "updates.csv").write_text("actionId,status\n19353,done\n90404,done\n")

    end = json.loads(command.run("update", "updates.csv", "--json").stdout.splitlines()[-1])
    quiet = command.run("update", str(command.write(FIRST_ACTION, 2, "more.csv")), "--quiet")

    assert end == {
        "event": "end",
        "input": "updates.csv",
        "rows": 2,
        "applied": 1,
        "failed": 1,
        "unknown": 0,
        "not_sent": 0,
        "with_the_job": 0,
        "job": None,
        "can_be_repeated": 0,
        "codes": {"not_found": 1},
        "files": {"failed": "updates.failed.csv"},
        "sent_before": None,
        "stopped": None,
        "exit": 3,
        "next": "Mend updates.failed.csv and send it: actions update updates.failed.csv",
    }
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


def test_a_dry_run_shows_times_in_utc_and_how_it_would_be_cut_and_sends_nothing(command):
    (command.folder / "updates.csv").write_text(
        "actionId,due_date\n19353,2024-01-10T08:51:15+02:00\n19354,2024-01-10 06:51:15\n"
    )

    ran = command.run("update", "updates.csv", "--dry-run", "--batch", "1")

    assert ran.returncode == 0
    assert ran.stderr.splitlines() == [
        "row 2, due_date: 2024-01-10T08:51:15+02:00 is 2024-01-10 06:51:15 in UTC",
        "2 rows would be sent in 2 batches.",
        "updates.csv: 2 rows are valid; nothing was sent.",
    ]
    assert CoreView(command.stack).counts()["total"] == 0


def test_it_works_in_a_container_without_home_terminal_or_desktop(command, tmp_path):
    path = command.write(FIRST_ACTION, 3)
    del command.environment["ACTIONS_STATE_DIR"], command.environment["ACTIONS_CONFIG_DIR"]
    command.environment |= {
        "HOME": "/dev/null/home",
        "TMPDIR": str(tmp_path),
        "ACTIONS_TOKEN": command.stack.token(),
    }

    ran = command.run("update", str(path))

    assert ran.returncode == 0, ran.stderr
    assert [one.name for one in tmp_path.glob("actions-*")] == [f"actions-{os.getuid()}"]


def test_no_library_of_the_terminal_or_the_keyring_is_loaded_where_there_is_none(command):
    command.environment["PYTHONPROFILEIMPORTTIME"] = "1"

    ran = command.run("update", str(command.write(FIRST_ACTION, 1)))

    assert ran.returncode == 0
    assert "cli.client" not in ran.stderr
    assert {
        name for name in ("rich", "keyring", "gateway", "flask", "gevent", "apispec") if f" {name}\n" in ran.stderr
    } == set()


def test_the_version_is_that_of_the_command_and_of_the_gateway(command):
    assert command.run("--version").stdout == f"actions 0.1.0\ngateway 0.1.0 at {command.stack.gateway.url}\n"
    command.environment["ACTIONS_URL"] = "http://127.0.0.1:9"
    assert "gateway unknown: no connection to 127.0.0.1:9" in command.run("--version").stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_completion(command, shell):
    assert "_ACTIONS_COMPLETE" in command.run("completion", shell).stdout
