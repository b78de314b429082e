"""The command's job mode against the real gateway, its worker and a core: exit codes, and the same ends as in batches."""

from __future__ import annotations

import csv
import json
import signal

import pytest

from sandbox.core.seed import FIRST_ACTION
from sandbox.stack import Stack
from tests.e2e.cli.command import Command, ended
from tests.e2e.stack import CoreView

pytestmark = pytest.mark.e2e
# Of ids that the sandbox's core does not know, refuses, or answers.
MIXED = ["19353,done,a", "90404,done,b", "19354,active,c", "90422,done,d", "19355,pending,e"]


@pytest.fixture(scope="module")
def shared():
    settings = {"CIRCUIT_ENABLED": "false", "RETRY_BUDGET": "1", "RETRY_BUDGET_FLOOR": "1000"}
    with Stack({**settings, "PARTNER_CLAIM": "partner_ids"}, job_workers=1) as stack:
        yield stack


@pytest.fixture
def command(shared, tmp_path):
    shared.core.control("POST", "reset")
    return Command(shared, tmp_path)


def write_mixed(command, name="updates.csv"):
    (command.folder / name).write_text("actionId,status,note\n" + "\n".join(MIXED) + "\n", encoding="utf-8")
    return name


def follow(command, *arguments):
    """Start the job, then go on with the same command to its end."""
    started = command.run("update", *arguments, "--async")
    return command.run("update", *arguments) if started.returncode == 6 else started


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def applied(command):
    return sorted(entry["path"].rpartition("/")[2] for entry in CoreView(command.stack).journal())


def test_0_where_all_of_a_large_file_is_applied_as_a_job_without_a_word_about_it(command):
    ran = command.run("update", str(command.write(FIRST_ACTION, 2_001)))

    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.splitlines()[-1] == "All 2,001 updates are applied."
    assert applied(command) == [str(FIRST_ACTION + number) for number in range(2_001)]
    [journal] = command.journals()
    assert sum("part" in record for record in ended(journal)) == 3


def test_1_where_the_disk_is_full_and_after_making_room_the_same_job_goes_on(command):
    path = str(command.write(FIRST_ACTION, 100))

    ran = command.run_on_a_full_disk("update", path, "--async", "--batch", "10", "--quiet")

    assert ran.returncode == 1, ran.stderr
    assert "make room, then run the same command again" in ran.stderr
    assert applied(command) == []
    assert follow(command, path, "--batch", "10").returncode == 0
    assert applied(command) == [str(FIRST_ACTION + one) for one in range(100)]
    [journal] = command.journals()
    assert len({record["job"]["id"] for record in ended(journal) if "job" in record} - {""}) == 1


@pytest.mark.parametrize(
    "words", [("update", "nowhere.csv", "--async"), ("jobs", "show"), ("jobs", "results", "x", "y")]
)
def test_2_where_it_is_not_understood(command, words):
    assert command.run(*words).returncode == 2


def test_3_where_some_rows_failed_and_0_where_that_is_meant(command):
    write_mixed(command)

    ran = follow(command, "updates.csv", "--ignore", "note")

    assert ran.returncode == 3, ran.stderr
    assert "3 of 5 updates are applied, 2 failed." in ran.stderr
    assert command.run("update", "updates.csv", "--ignore", "note", "--ok-if-partial").returncode == 0


def test_4_where_none_is_applied(command):
    (command.folder / "updates.csv").write_text("actionId,status\n90404,done\n90422,done\n", encoding="utf-8")

    assert follow(command, "updates.csv").returncode == 4


def test_5_where_the_gateway_alone_finds_a_row_invalid_and_nothing_is_sent(command):
    foreign = "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1aff"
    minted = command.stack.identity.control("POST", "mint", {"claims": {"partner_ids": []}})
    for name in ("ACTIONS_ISSUER", "ACTIONS_CLIENT_ID", "ACTIONS_CLIENT_SECRET"):
        del command.environment[name]
    command.environment["ACTIONS_TOKEN"] = minted["token"]
    (command.folder / "updates.csv").write_text(
        f"actionId,status,partner_ids\n19353,done,\n19354,done,{foreign}\n", encoding="utf-8"
    )

    ran = command.run("update", "updates.csv", "--async")

    assert ran.returncode == 5, ran.stderr
    assert "row 3: partner_ids.0" in ran.stderr
    assert applied(command) == []
    assert command.run("jobs", "list", "--json").stdout.count('"cancelled"') == 1


def test_6_where_the_start_is_enough_and_the_same_command_fetches_the_outcome(command):
    command.stack.core.control("PUT", "weather", {"latency_ms": 300})
    path = str(command.write(FIRST_ACTION, 400))

    started = command.run("update", path, "--async", "--json")
    ran = command.run("update", path)

    assert started.returncode == 6
    end = json.loads(started.stdout.splitlines()[-1])
    assert end["with_the_job"] > 0
    assert f"actions jobs show {end['job']} --watch" in end["next"]
    assert ran.returncode == 0, ran.stderr


def test_6_where_the_time_is_over(command):
    command.stack.core.control("PUT", "weather", {"latency_ms": 300})
    path = str(command.write(FIRST_ACTION, 2_001))

    ran = command.run("update", path, "--deadline", "1s")

    assert ran.returncode == 6, ran.stderr
    command.stack.core.control("PUT", "weather", {"latency_ms": 0})
    assert command.run("update", path).returncode == 0


def test_130_where_it_is_interrupted_and_the_job_goes_on(command):
    command.stack.core.control("PUT", "weather", {"latency_ms": 300})
    path = str(command.write(FIRST_ACTION, 2_001))
    process = command.start("update", path)
    assert command.wait_until(lambda: command.told("started"), process)

    code, said = command.end(process, signal.SIGINT)

    assert code == 130
    assert "goes on at the gateway. The same command fetches its outcome" in said
    job = command.run("jobs").stdout.split()[0]
    command.stack.core.control("PUT", "weather", {"latency_ms": 0})
    assert command.run("jobs", "show", job, "--watch").returncode == 0
    assert command.run("update", path).returncode == 0
    assert len(applied(command)) == 2_001


def test_a_gateway_that_has_no_jobs_gets_batches_and_one_line_says_so(stack, tmp_path):
    command = Command(stack, tmp_path)

    ran = command.run("update", str(command.write(FIRST_ACTION, 2_001)))

    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.count("; sending batches instead") == 1
    assert len(applied(command)) == 2_001


def test_each_row_ends_as_it_does_in_batches(command):
    as_job, in_batches = write_mixed(command, "as-job.csv"), write_mixed(command, "in-batches.csv")

    told = follow(command, as_job, "--ignore", "note", "--applied", "--json")
    command.stack.core.control("POST", "reset")
    plain = command.run("update", in_batches, "--ignore", "note", "--sync", "--restart", "--applied", "--json")

    assert told.returncode == plain.returncode == 3
    facts = [json.loads(ran.stdout.splitlines()[-1]) for ran in (told, plain)]
    for name in ("rows", "applied", "failed", "unknown", "codes", "not_sent"):
        assert facts[0][name] == facts[1][name]
    assert rows_of(command.folder / "as-job.failed.csv") == rows_of(command.folder / "in-batches.failed.csv")
    assert items_in(command.folder / "as-job.applied.ndjson") == items_in(command.folder / "in-batches.applied.ndjson")


def items_in(path):
    """Without when they were changed."""
    items = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return sorted(
        ({name: value for name, value in item.items() if name != "updated_at"} for item in items), key=json.dumps
    )


def test_the_failed_rows_of_a_job_are_input_again(command):
    write_mixed(command)
    follow(command, "updates.csv", "--ignore", "note")
    job = command.run("jobs").stdout.split()[0]

    (command.folder / "again.csv").write_text(
        command.run("jobs", "results", job, "--failed").stdout.replace("90404", "19356").replace("90422", "19357"),
        encoding="utf-8",
    )

    assert [row[:4] for row in rows_of(command.folder / "again.csv")] == [
        ["actionId", "status", "note", "_error_code"],
        ["19356", "done", "b", "not_found"],
        ["19357", "done", "d", "rejected"],
    ]
    assert command.run("update", "again.csv", "--ignore", "note").returncode == 0
    assert applied(command) == ["19353", "19354", "19355", "19356", "19357"]
