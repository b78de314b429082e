"""On a real terminal: a bar that fits it, whatever its width becomes, and a Ctrl-C that leaves it as it was."""

from __future__ import annotations

import pytest

from sandbox.core.seed import FIRST_ACTION
from tests.e2e.cli.command import Command
from tests.e2e.cli.terminal import Terminal, is_coloured, plain, sentences, widest

pytestmark = pytest.mark.e2e
HIDDEN, SHOWN = "\x1b[?25l", "\x1b[?25h"


@pytest.fixture(scope="module")
def slow_stack():
    from sandbox.stack import Stack

    with Stack({"CIRCUIT_ENABLED": "false"}, core=["--latency-ms", "120"]) as stack:
        yield stack


@pytest.fixture
def slow(slow_stack, tmp_path):
    """Against a core that takes its time, so that a bar can be seen."""
    return Command(slow_stack, tmp_path)


@pytest.fixture(scope="module")
def slow_jobs():
    from sandbox.stack import Stack

    with Stack({"CIRCUIT_ENABLED": "false"}, core=["--latency-ms", "120"], job_workers=1) as stack:
        yield stack


@pytest.fixture
def open_terminal():
    """``open_terminal(command, arguments, columns)``; whatever still runs is ended with the test."""
    opened = []

    def start(*arguments, **environment):
        opened.append(Terminal(*arguments, **environment))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.mark.parametrize("columns", [80, 60, 40])
def test_the_bar_shows_share_pace_and_time_left_within_the_width(open_terminal, slow, columns):
    path = slow.write(FIRST_ACTION, 400)

    terminal = open_terminal(slow, ["update", path.name, "--batch", "40"], columns)
    terminal.wait_for(r"\d+%.* left")
    drawn = terminal.text
    code = terminal.end()

    assert code == 0
    assert widest(drawn.partition(HIDDEN)[2]) <= columns
    assert ("/400" in plain(drawn)) == (columns >= 72)
    assert "All 400 updates are applied." in plain(terminal.text)
    assert terminal.text.count(HIDDEN) == terminal.text.count(SHOWN)
    assert is_coloured(terminal.text)


def test_it_follows_a_terminal_that_becomes_narrower(open_terminal, slow):
    path = slow.write(FIRST_ACTION, 600)
    terminal = open_terminal(slow, ["update", path.name, "--batch", "40"], 100)
    terminal.wait_for(r"/600.* left")

    terminal.resize(50)
    terminal.wait_for(r"\r[^\r\n]*%(?:(?!/600)[^\r\n])*left")
    read = len(terminal.text)
    terminal.wait_for(r"left")

    assert widest(terminal.text[read:]) <= 50
    assert terminal.end() == 0


def test_ctrl_c_ends_it_at_once_and_leaves_the_cursor_and_a_way_on(open_terminal, slow):
    path = slow.write(FIRST_ACTION, 400)
    terminal = open_terminal(slow, ["update", path.name, "--batch", "20"], 80)
    terminal.wait_for(r"\d+%.* left")

    terminal.press("\x03")

    assert terminal.end() == 130
    assert plain(terminal.text).rstrip().endswith("The same command goes on from here.")
    assert terminal.text.count(HIDDEN) == terminal.text.count(SHOWN)
    again = open_terminal(slow, ["update", path.name, "--batch", "20"], 80)
    assert again.end() == 0
    assert "were sent before" in plain(again.text)


def test_failed_rows_are_counted_while_it_runs(open_terminal, slow):
    path = slow.folder / "updates.csv"
    rows = [*range(FIRST_ACTION, FIRST_ACTION + 100), 90404, 90422]
    path.write_text("actionId,status\n" + "".join(f"{number},done\n" for number in reversed(rows)))

    terminal = open_terminal(slow, ["update", path.name, "--batch", "10"], 80)
    terminal.wait_for(r"2 failed")

    assert terminal.end() == 3
    assert "Mend updates.failed.csv and send it" in plain(terminal.text)


@pytest.mark.parametrize("variable", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_without_colours_it_says_the_same(open_terminal, slow, variable):
    path = slow.write(FIRST_ACTION, 40)

    terminal = open_terminal(slow, ["update", path.name], 80, **variable)

    assert terminal.end() == 0
    assert "All 40 updates are applied." in plain(terminal.text)
    assert not is_coloured(terminal.text)


def test_a_refusal_is_told_after_the_rows_at_any_width(open_terminal, slow):
    (slow.folder / "updates.csv").write_text("actionId,status\n19353,open\n")

    terminal = open_terminal(slow, ["update", "updates.csv"], 60)

    assert terminal.end() == 5
    assert "row 2, status: Must be one of" in sentences(terminal.text)
    assert "1 row of updates.csv is invalid" in sentences(terminal.text)
    assert widest(terminal.text) <= 60


@pytest.mark.parametrize("columns", [80, pytest.param(60, marks=pytest.mark.slow)])
def test_a_job_has_the_same_bar_and_ctrl_c_leaves_it_running(open_terminal, slow_jobs, tmp_path, columns):
    slow_jobs.core.control("POST", "reset")
    command = Command(slow_jobs, tmp_path)
    path = command.write(FIRST_ACTION, 2_001)
    terminal = open_terminal(command, ["update", path.name], columns)
    terminal.wait_for(r"\d+%(?:(?!uploaded)[^\r\n])* left")
    drawn = terminal.text

    terminal.press("\x03")

    assert terminal.end() == 130
    assert widest(drawn.partition(HIDDEN)[2]) <= columns
    assert "goes on at the gateway. The same command fetches its outcome" in sentences(terminal.text)
    assert terminal.text.count(HIDDEN) == terminal.text.count(SHOWN)
    job = command.run("jobs").stdout.split()[0]
    watching = open_terminal(command, ["jobs", "show", job, "--watch"], columns)
    watching.wait_for(r"\d+%.* left")
    assert watching.end() == 0
    assert "All 2,001 updates are applied." in plain(watching.text)
