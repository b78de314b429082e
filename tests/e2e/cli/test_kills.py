"""Killed again and again over a core that fails, the same command ends with every row applied once."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from sandbox.core.seed import FIRST_ACTION
from tests.e2e.cli import many
from tests.e2e.cli.command import Command, ended

pytestmark = pytest.mark.e2e
WEATHER = ["--fault-rate", "0.05", "--faults", "500,503,reset,500-after,reset-after"]
ALL_IN_TIME = {"RATE_LIMIT": "", "CIRCUIT_ENABLED": "false", "RETRY_BUDGET": "1", "RETRY_BUDGET_FLOOR": "1000"}


def assert_applied_once(stack, first, count):
    journal = stack.core.control("GET", "journal")["data"]
    applied = Counter(entry["path"].rpartition("/")[2] for entry in journal)
    assert applied == Counter(str(number) for number in range(first, first + count))


def killed_every_two_seconds(command, path, *options):
    """How often, and the process that ended by itself."""
    kills = 0
    while True:
        process = command.start("update", str(path), "--quiet", *options)
        killed_at = time.monotonic() + 2
        if not command.wait_until(lambda killed_at=killed_at: time.monotonic() >= killed_at, process):
            process.communicate()
            return kills, process
        command.end(process)
        kills += 1


def test_killed_after_every_few_chunks_it_ends_with_each_row_applied_once(make_stack, tmp_path):
    stack = make_stack(ALL_IN_TIME, core=WEATHER)
    command = Command(stack, tmp_path)
    path = command.write(FIRST_ACTION, 2_000)
    kills = 0
    # Between the cut and the answer, and after an answer: wherever the kill falls.
    for cuts in range(4, 40, 6):
        process = command.start("update", str(path), "--batch", "50", "--quiet")
        if not command.wait_until(lambda cuts=cuts: command.told("cut") >= cuts, process):
            break
        kills += command.end(process)[0] == -9

    ran = command.run("update", str(path), "--batch", "50", "--json")

    assert kills >= 5
    assert ran.returncode == 0, ran.stdout
    assert_applied_once(stack, FIRST_ACTION, 2_000)
    [journal] = command.journals()
    assert sum("cut" in record for record in ended(journal)) == 40
    assert command.run("update", str(path)).returncode == 0
    assert_applied_once(stack, FIRST_ACTION, 2_000)


def test_a_job_killed_after_every_few_lines_ends_with_each_row_applied_once(make_stack, tmp_path):
    stack = make_stack(ALL_IN_TIME, core=[*WEATHER, "--latency-ms", "20"], job_workers=1)
    command = Command(stack, tmp_path)
    path = command.write(FIRST_ACTION, 2_001)
    kills = 0
    for word, most in (
        ("job", 2),
        ("cut", 3),
        ("part", 9),
        ("cut", 15),
        ("started", 1),
        ("settled", 2),
        ("settled", 4),
    ):
        process = command.start("update", str(path), "--batch", "100", "--quiet")
        if command.wait_until(lambda word=word, most=most: command.told(word) >= most, process):
            kills += command.end(process)[0] == -9
        process.communicate()

    ran = command.run("update", str(path), "--batch", "100", "--json")

    assert kills >= 5
    assert ran.returncode == 0, ran.stdout
    assert_applied_once(stack, FIRST_ACTION, 2_001)
    [journal] = command.journals()
    records = ended(journal)
    assert sum("cut" in record for record in records) == 21
    assert len({record["job"]["id"] for record in records if "job" in record} - {""}) == 1
    assert len(command.run("jobs").stdout.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_job_killed_every_two_seconds_over_twenty_thousand_rows(make_stack, tmp_path):
    faulty = [*WEATHER, "--latency-ms", "20", "--collections", "tests.e2e.cli.many:COLLECTIONS"]
    stack = make_stack(ALL_IN_TIME, core=faulty, job_workers=2)
    command = Command(stack, tmp_path)
    path = command.write(many.FIRST, many.COUNT)

    kills, process = killed_every_two_seconds(command, path)

    assert kills >= 3
    assert process.returncode == 0
    assert_applied_once(stack, many.FIRST, many.COUNT)
    [journal] = command.journals()
    ended(journal)
    assert len(command.run("jobs").stdout.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_killed_every_two_seconds_over_twenty_thousand_rows(make_stack, tmp_path):
    faulty = [*WEATHER, "--latency-ms", "20", "--collections", "tests.e2e.cli.many:COLLECTIONS"]
    stack = make_stack(ALL_IN_TIME, core=faulty)
    command = Command(stack, tmp_path)
    path = command.write(many.FIRST, many.COUNT)

    kills, process = killed_every_two_seconds(command, path, "--sync")

    assert kills >= 3
    assert process.returncode == 0
    assert_applied_once(stack, many.FIRST, many.COUNT)
    [journal] = command.journals()
    ended(journal)
