"""Between a proxy that fails and a core that fails, each row is applied once and told as it is."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from sandbox.core.seed import FIRST_ACTION
from sandbox.stack import Stack
from tests.e2e.cli.command import Command
from tests.e2e.cli.test_kills import ALL_IN_TIME, WEATHER
from tests.e2e.cli.weather import FAULTS, RETRY_AFTER, weather

pytestmark = pytest.mark.e2e
COUNT = 150
LEFT_OUT = {"90404": "not_found", "90422": "rejected"}


@pytest.fixture(scope="module")
def bad_day():
    with Stack(ALL_IN_TIME, core=WEATHER, job_workers=1) as stack:
        yield stack


@pytest.fixture
def command(bad_day, tmp_path):
    bad_day.core.control("POST", "reset")
    return Command(bad_day, tmp_path)


def until_nothing_is_left(command, *words):
    """What the last of the same commands told."""
    for _ in range(9):
        ran = command.run("update", "updates.csv", "--batch", "25", "--applied", "--json", *words)
        facts = json.loads(ran.stdout.splitlines()[-1])
        assert facts["event"] == "end", ran.stdout
        if not (facts["can_be_repeated"] or facts["not_sent"] or facts["with_the_job"]):
            return facts
        words = ()
    raise AssertionError(facts)


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "cuts"), [("--sync", ()), ("--async", (0, 700, 5_000))])
def test_each_row_ends_as_in_good_weather(command, mode, cuts):
    rows = [*range(FIRST_ACTION, FIRST_ACTION + COUNT), *LEFT_OUT]
    (command.folder / "updates.csv").write_text("actionId,status\n" + "".join(f"{row},done\n" for row in rows))

    with weather(command.stack.gateway.url, cuts=cuts) as proxy:
        command.environment["ACTIONS_URL"] = proxy.address
        facts = until_nothing_is_left(command, mode)

    assert (facts["applied"], facts["failed"], facts["unknown"]) == (COUNT, 2, 0)
    assert facts["codes"] == {"not_found": 1, "rejected": 1}
    assert set(proxy.met) == set(FAULTS)
    assert proxy.cut_streams == len(cuts)
    assert proxy.waits
    assert min(proxy.waits) >= RETRY_AFTER
    journal = command.stack.core.control("GET", "journal")["data"]
    expected = [str(row) for row in range(FIRST_ACTION, FIRST_ACTION + COUNT)]
    assert Counter(entry["path"].rpartition("/")[2] for entry in journal) == Counter(expected)
    kept = [json.loads(line) for line in (command.folder / "updates.applied.ndjson").read_text().splitlines()]
    assert sorted((item["actionId"], item["status"]) for item in kept) == [(row, "done") for row in expected]


@pytest.mark.slow
def test_the_gateways_own_rate_is_kept_to(make_stack, tmp_path):
    command = Command(make_stack({"RATE_LIMIT": "40/second"}), tmp_path)
    command.write(FIRST_ACTION, 120)

    ran = command.run("update", "updates.csv", "--json")

    events = [json.loads(line) for line in ran.stdout.splitlines()]
    waits = [event for event in events if event["event"] == "waiting"]
    assert ran.returncode == 0
    assert waits
    assert all(wait["seconds"] >= 1 for wait in waits)
    assert events[-1]["applied"] == 120
