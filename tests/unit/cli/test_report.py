"""What a command says while it works, and how it sums up."""

from __future__ import annotations

import io
import json
import re
import threading

import pytest
from rich._palettes import EIGHT_BIT_PALETTE
from rich.console import Console

from cli.commands.bar import Bar
from cli.commands.lines import Json, Lines, Pace, Quiet, progress_line
from cli.commands.report import report_for
from cli.commands.summary import Summary
from cli.commands.ticking import Ticking
from cli.errors import Unwritable
from cli.outcome import Counts
from cli.problem import Problem, RowError
from tests.doubles.clocks import FakeClock

ERRORS = [RowError(f"row {number}", Problem("status", "invalid_choice", "No.", "x")) for number in range(2, 132)]


def test_the_pace_is_that_of_this_run_and_leaves_out_what_was_sent_before():
    clock = FakeClock()
    pace = Pace(1_000, 400, clock)
    assert (pace.rate(400), pace.left(400)) == (0.0, "")

    clock.advance(10)

    assert (pace.rate(500), pace.left(500)) == (10.0, "0:50")
    assert (pace.left(401), pace.left(1_000)) == ("1:39:50", "")


def test_elsewhere_a_line_comes_each_ten_seconds(capsys):
    clock = FakeClock()
    lines = Lines(clock)
    lines.begin("u.csv", 100, Counts(applied=10))
    for seconds in (4, 5, 1, 9):
        clock.advance(seconds)
        lines.progress(Counts(applied=40, failed=2, unknown=1))
    lines.waiting(4, "a little")
    lines.waiting(30, "the core is busy")

    assert capsys.readouterr().err.splitlines() == [
        "u.csv: 100 rows are valid; 10 were sent before",
        "43 of 100 rows: 40 applied, 2 failed, 1 unknown; 3 a second, 0:17 left",
        "waiting 30 s: the core is busy",
    ]


def test_while_a_request_waits_for_its_answer_the_lines_go_on_until_the_end(capsys):
    clock = FakeClock()
    for report in (Lines(clock), Quiet(clock)):
        report.tick()
        report.begin("u.csv", 1, Counts())
        for _ in range(4):
            clock.advance(5)
            report.tick()
        report.end(Summary(name="u.csv", items=1, counts=Counts(applied=1)))
        clock.advance(60)
        report.tick()

    assert capsys.readouterr().err.splitlines() == [
        "u.csv: 1 row is valid",
        "0 of 1 rows: 0 applied",
        "0 of 1 rows: 0 applied",
        "The one update is applied.",
    ]


def test_a_part_of_an_upload_that_takes_long_is_told_again(capsys):
    clock = FakeClock()
    report = Json(clock)
    report.begin("u.csv", 4, Counts())
    report.uploaded(3)
    clock.advance(10)
    report.tick()

    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"event": "uploading", "rows": 4, "uploaded": 3}


class _Heard(Lines):
    """``said`` once the line that waits is there."""

    def __init__(self, clock):
        super().__init__(clock, tick_seconds=0.001)
        self.said = threading.Event()

    def say(self, text):
        if text.startswith("0 of 1 rows"):
            self.said.set()


def test_it_looks_by_itself_and_no_thread_of_it_outlives_the_work():
    clock, before = FakeClock(), threading.active_count()
    with _Heard(clock) as report:
        report.begin("u.csv", 1, Counts())
        clock.advance(10)

        assert report.said.wait(30)
    assert threading.active_count() == before


def test_an_output_that_is_gone_ends_the_looking_quietly(capsys):
    gone = threading.Event()

    def tick():
        gone.set()
        raise BrokenPipeError

    ticking = Ticking(tick, 0.001)
    ticking.start()
    assert gone.wait(30)
    ticking.stop()

    assert capsys.readouterr().err == ""


def test_a_repeat_of_what_was_sent_before_tells_no_rate():
    clock = FakeClock()
    pace = Pace(300, 300, clock)
    clock.advance(10)

    assert progress_line(Counts(applied=300), pace) == "300 of 300 rows: 300 applied"


def test_of_very_many_errors_a_hundred_are_shown(capsys):
    Lines().invalid(ERRORS, 130)

    lines = capsys.readouterr().err.splitlines()
    assert (len(lines), lines[0], lines[-1]) == (101, "row 2, status: No. (it is 'x')", "and 30 more; mend these first")


def test_quiet_says_only_what_went_wrong(capsys):
    quiet = Quiet()
    quiet.begin("u.csv", 1, Counts())
    quiet.progress(Counts(applied=1))
    quiet.waiting(99, "long")
    quiet.end(Summary(name="u.csv", items=1, counts=Counts(applied=1)))
    assert capsys.readouterr().err == ""

    quiet.end(Summary(name="u.csv", items=1, counts=Counts(failed=1), codes={"not_found": 1}))
    assert "0 of 1 updates are applied, 1 failed." in capsys.readouterr().err


def test_json_has_the_same_facts_on_standard_output(capsys):
    clock = FakeClock()
    report = Json(clock)
    with report:
        report.begin("u.csv", 4, Counts())
        clock.advance(10)
        report.progress(Counts(applied=2))
        report.waiting(1.5, "why")
        report.say("beside")
        report.invalid(ERRORS[:1], 1)
        report.refused("no", 5)

    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events] == ["begin", "progress", "waiting", "note", "invalid", "refused"]
    assert events[1] == {
        "event": "progress",
        "rows": 4,
        "applied": 2,
        "failed": 0,
        "unknown": 0,
        "rows_per_second": 0.2,
    }


def test_of_an_upload_a_line_comes_each_ten_seconds_and_what_follows_has_a_pace_of_its_own(capsys):
    clock = FakeClock()
    lines = Lines(clock)
    lines.begin("u.csv", 4_000, Counts())
    for rows in (1_000, 2_000, 3_000, 4_000):
        clock.advance(6)
        lines.uploaded(rows)
    clock.advance(10)
    lines.progress(Counts(applied=1_000))

    assert capsys.readouterr().err.splitlines()[1:] == [
        "2,000 of 4,000 rows are uploaded, 0:12 left",
        "1,000 of 4,000 rows: 1,000 applied; 100 a second, 0:30 left",
    ]


def test_an_upload_is_told_to_programs_and_not_where_quiet_is_asked_for(capsys):
    clock = FakeClock()
    for report in (Json(clock), Quiet(clock)):
        report.begin("u.csv", 4, Counts())
        clock.advance(10)
        report.uploaded(3)
        report.uploaded(4)

    out, err = capsys.readouterr()
    assert json.loads(out.splitlines()[1]) == {"event": "uploading", "rows": 4, "uploaded": 3}
    assert (len(out.splitlines()), err) == (2, "")


@pytest.mark.parametrize(
    ("width", "shown"), [(80, "40% · 8,000/20,000 · uploaded · 0:06 left"), (60, "40% · uploaded · ")]
)
def test_while_a_job_is_uploaded_the_bar_shows_that(width, shown):
    clock = FakeClock()
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    with Bar(console, clock) as bar:
        bar.begin("u.csv", 20_000, Counts())
        bar.uploaded(4_000)
        clock.advance(2)
        bar.uploaded(8_000)
        uploading = _text(console, bar)
        bar.uploaded(20_000)
        running = _text(console, bar)
        clock.advance(10)
        bar.progress(Counts(applied=1_000))
        applied = _text(console, bar)

    assert shown in uploading
    assert "0% · " in running
    assert "uploaded" not in running
    assert "5% · " in applied
    assert "100/s · 3:10 left" in applied


def _luminance(colour):
    """WCAG 2.2, relative luminance."""
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_colour_can_be_read_on_light_and_on_dark():
    clock = FakeClock()
    console = Console(file=io.StringIO(), width=90, force_terminal=True, color_system="256", record=True)
    bar = Bar(console, clock)
    bar.begin("u.csv", 20, Counts(applied=1))
    bar.uploaded(5)
    console.print(bar._draw())
    bar.uploaded(20)
    bar.progress(Counts(applied=2, failed=1, unknown=1))
    bar.waiting(3, "why")
    console.print(bar._draw())
    bar.progress(Counts(applied=20))
    console.print(bar._draw())
    bar.end(Summary(name="u.csv", items=2, counts=Counts(applied=2)))
    bar.end(Summary(name="u.csv", items=2, counts=Counts(applied=1, failed=1)))
    bar.refused("why", 5)

    numbers = {int(number) for number in re.findall(r"38;5;(\d+)", console.file.getvalue())}
    named = set(re.findall(r"\x1b\[(?:\d;)?(3[0-7]|9[0-7])m", console.file.getvalue()))
    assert len(numbers) == 5
    assert not named
    for number in numbers:
        luminance = _luminance(EIGHT_BIT_PALETTE[number])
        assert 1.05 / (luminance + 0.05) >= 3, number
        assert (luminance + 0.05) / 0.05 >= 3, number


def test_sentences_end_lines_between_words_and_a_command_stays_whole():
    console = Console(file=io.StringIO(), width=40, color_system=None)
    bar = Bar(console)
    bar.refused("3 rows of updates.csv are invalid; nothing was sent.", 5)
    bar.say("Mend updates.failed.csv and send it: actions update updates.failed.csv")
    bar.say("Mend it: actions update 'my updates.failed.csv' --null='a b' --ignore=note Look at u too.")
    bar.say(f"  failed: {'x' * 50}.csv")
    bar.say("one\ntwo")

    assert console.file.getvalue().splitlines() == [
        "actions: 3 rows of updates.csv are",
        "  invalid; nothing was sent.",
        "Mend updates.failed.csv and send it:",
        "  actions update updates.failed.csv",
        "Mend it:",
        "  actions update 'my updates.failed.csv' --null='a b' --ignore=note",
        "  Look at u too.",
        "  failed:",
        f"  {'x' * 50}.csv",
        "one",
        "two",
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_bar_fits_whatever_width_it_has(width):
    clock = FakeClock()
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    bar = Bar(console, clock)
    with bar:
        bar.begin("u.csv", 20_000, Counts(applied=1_000))
        clock.advance(10)
        bar.progress(Counts(applied=12_563, failed=37, unknown=3))
        bar.waiting(
            0.2, "a reason that is much longer than what any narrow terminal can hold on one of its lines, surely"
        )
        drawn = [line.rstrip() for line in _text(console, bar).splitlines()]

    # A ^C fits behind it.
    assert max(map(len, drawn)) <= width - 3
    assert "63%" in drawn[0]
    assert "37 failed" in drawn[0]
    assert drawn[1].startswith("waiting 1 s: a reason")


def _text(console, bar):
    with console.capture() as capture:
        console.print(bar._draw())
    return capture.get()


def test_the_end_of_a_bar_says_what_the_lines_say():
    console = Console(file=io.StringIO(), width=80, color_system=None)
    bar = Bar(console)
    bar.invalid(ERRORS[:1], 1)
    bar.refused("why", 5)
    bar.end(
        Summary(name="u.csv", items=2, counts=Counts(applied=1, failed=1), codes={"rejected": 1}, stopped="deadline")
    )

    assert console.file.getvalue().splitlines() == [
        "row 2, status: No. (it is 'x')",
        "actions: why",
        "1 of 2 updates are applied, 1 failed.",
        "  1 rejected",
    ]


def test_a_bar_is_for_a_terminal_only(monkeypatch):
    assert type(report_for(json_lines=False, quiet=False)) is Lines
    assert type(report_for(json_lines=True, quiet=True)) is Json
    assert type(report_for(json_lines=False, quiet=True)) is Quiet
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert type(report_for(json_lines=False, quiet=False)) is Bar
    monkeypatch.setenv("TERM", "dumb")
    assert type(report_for(json_lines=False, quiet=False)) is Lines


@pytest.mark.parametrize(
    ("counts", "more", "code", "following"),
    [
        (Counts(applied=3), {}, 0, ""),
        (Counts(applied=2, failed=1), {"ok_if_partial": True}, 0, ""),
        (Counts(failed=3), {"ok_if_partial": True}, 4, ""),
        (
            Counts(applied=2, unknown=1),
            {"files": {"unknown": "u"}},
            3,
            "Look at u; what of it was not applied, send again: actions update u",
        ),
        (
            Counts(applied=1, failed=1, unknown=1),
            {"files": {"failed": "f", "unknown": "u"}},
            3,
            "Mend f and send it: actions update f Look at u too.",
        ),
        (Counts(applied=1), {"stopped": "interrupted"}, 130, "The same command goes on from here."),
        (
            Counts(applied=1),
            {"stopped": "deadline"},
            6,
            "The same command sends what is left and what can still succeed.",
        ),
        (
            Counts(applied=1),
            {"stopped": Unwritable("full.")},
            1,
            "Stopped: full. Then the same command goes on from here.",
        ),
        (Counts(), {}, 4, "The same command sends what is left and what can still succeed."),
    ],
)
def test_the_exit_code_and_the_last_sentence_follow_from_the_facts(counts, more, code, following):
    summary = Summary(name="u.csv", items=3, counts=counts, **more)

    assert (summary.exit_code, summary.next) == (code, following)
    assert summary.facts()["exit"] == code


def test_one_update_is_told_as_one():
    summary = Summary(name="u.csv", items=1, counts=Counts(applied=1))

    assert summary.headline == "The one update is applied."
