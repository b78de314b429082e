"""``actions jobs`` and the job mode of ``actions update``: words, exit codes and what they leave."""

from __future__ import annotations

import json

import pytest

from tests.doubles.fake_gateway import URL, problem
from tests.doubles.fake_jobs import FakeJobs

ROWS = "actionId,status,note\n1,done,a\n2,done,b\n3,done,c\n"
UPDATE = ("update", "updates.csv", "--ignore", "note")


@pytest.fixture
def jobs(gateway, shell, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.chdir(shell.folder)
    gateway.jobs = FakeJobs(gateway)
    shell.write(ROWS)
    return gateway.jobs


def held(jobs, *ids):
    jobs.hold = set(ids)
    return jobs


def test_a_start_that_is_enough_is_exit_6_and_says_how_to_go_on(shell, jobs):
    held(jobs, "3")

    assert shell.run(*UPDATE, "--async") == 6
    assert shell.err.splitlines()[-2:] == [
        "2 of 3 updates are applied, 1 is still with the job.",
        (
            "Job J1 goes on at the gateway. The same command fetches its outcome; "
            "actions jobs show J1 --watch shows how it goes, actions jobs cancel J1 stops it."
        ),
    ]
    assert shell.run(*UPDATE, "--async") == 6
    jobs.go_on(jobs.jobs["J1"])
    assert shell.run(*UPDATE) == 0
    assert shell.err.splitlines()[-1] == "All 3 updates are applied."
    assert len(jobs.jobs) == 1


@pytest.mark.parametrize(("codes", "exit_code"), [((), 0), (("1",), 3), (("1", "2", "3"), 4)])
def test_a_job_ends_with_the_exit_code_of_its_counts(shell, jobs, gateway, codes, exit_code):
    gateway.codes = dict.fromkeys(codes, "not_found")

    assert shell.run(*UPDATE, "--async") == exit_code
    assert len(jobs.jobs) == 1


def test_rows_that_the_gateway_finds_invalid_are_exit_5_by_row(shell, jobs, gateway):
    gateway.invalid = {"2": "partner_not_allowed"}

    assert shell.run(*UPDATE, "--async") == 5
    assert "row 3: status: No." in shell.err
    assert "1 row of updates.csv is invalid; nothing was sent." in shell.err
    assert not (shell.folder / "updates.failed.csv").exists()


def test_the_facts_name_the_job_and_what_it_still_has(shell, jobs):
    held(jobs, "2", "3")

    shell.run(*UPDATE, "--async", "--json")

    end = shell.events[-1]
    assert {name: end[name] for name in ("job", "applied", "with_the_job", "not_sent", "exit")} == {
        "job": "J1",
        "applied": 1,
        "with_the_job": 2,
        "not_sent": 0,
        "exit": 6,
    }


def test_results_that_cannot_be_had_are_exit_6(shell, jobs):
    jobs.moods = [*["well"] * 3, *[(503, {}, {})] * 6]

    assert shell.run(*UPDATE, "--async") == 6
    assert "Job J1 goes on at the gateway." in shell.err


def test_a_file_goes_in_batches_where_the_gateway_has_no_jobs(shell, gateway, jobs):
    gateway.jobs = None

    assert shell.run(*UPDATE, "--async") == 0
    assert shell.err.count("; sending batches instead") == 1
    assert gateway.applied == ["1", "2", "3"]


def test_jobs_are_listed_newest_first(shell, jobs):
    shell.run(*UPDATE, "--async")
    shell.write(ROWS.replace("1,done", "4,done"), "others.csv")
    held(jobs, "4")
    shell.run("update", "others.csv", "--ignore", "note", "--async")

    assert shell.run("jobs") == 0
    assert shell.out.splitlines() == [
        "J2  running     2 of 3 rows done  2026-11-28T12:00:00.000Z  others.csv",
        "J1  succeeded   3 of 3 rows done  2026-11-28T12:00:00.000Z  updates.csv",
    ]
    assert shell.run("jobs", "list", "--json") == 0
    assert [job["id"] for job in shell.events] == ["J2", "J1"]


def test_who_has_no_jobs_is_told(shell, jobs):
    assert shell.run("jobs", "list") == 0
    assert shell.err == "You have no jobs.\n"


def test_a_job_is_shown(shell, jobs, gateway):
    gateway.codes = {"2": "not_found"}
    shell.run(*UPDATE, "--async")

    assert shell.run("jobs", "show", "J1") == 0
    assert shell.out.splitlines() == [
        "job         J1 updates.csv",
        "state       partial",
        "rows        3 in 1 part",
        "outcomes    2 applied, 1 failed, 0 unknown, 0 unprocessed",
        "            1 not_found, such as: No.",
        "created     2026-11-28T12:00:00.000Z",
    ]
    assert shell.run("jobs", "show", "J1", "--json") == 0
    assert json.loads(shell.out)["state"] == "partial"


def test_a_job_is_watched_to_its_end_with_the_exit_code_of_an_update(shell, jobs, gateway, monkeypatch):
    gateway.codes = {"2": "not_found"}
    held(jobs, "3")
    shell.run(*UPDATE, "--async")
    looks = []
    show = jobs._get

    def look(job, document):
        looks.append(job)
        if len(looks) == 3:
            jobs.go_on(job)
        return show(job, document)

    monkeypatch.setattr(jobs, "_get", look)

    assert shell.run("jobs", "show", "J1", "--watch") == 3
    assert len(looks) == 3
    assert shell.err.splitlines()[-3:] == [
        "2 of 3 updates are applied, 1 failed.",
        "  1 not_found",
        "actions jobs results J1 --failed > again.csv gives what failed, to be mended.",
    ]


def test_commands_that_are_told_lead_to_the_same_gateway(shell, jobs, gateway):
    gateway.codes = {"2": "not_found"}
    held(jobs, "3")
    there = ("--url", URL, "--profile", "other")
    here = f"--url={URL} --profile=other"

    assert shell.run(*UPDATE, "--async", *there) == 6
    assert f"actions jobs show J1 --watch {here} shows how it goes" in shell.err
    assert f"actions jobs cancel J1 {here} stops it." in shell.err
    shell.run("jobs", "pause", "J1", *there)
    assert f"actions jobs show J1 --watch {here} shows how it goes." in shell.out
    shell.run("jobs", "resume", "J1", *there)
    jobs.go_on(jobs.jobs["J1"])
    assert shell.run("jobs", "show", "J1", "--watch", *there) == 3
    assert f"actions jobs results J1 --failed {here} > again.csv gives what failed" in shell.err


def test_a_run_that_is_given_up_tells_how_its_job_is_cancelled_at_its_own_gateway(shell, jobs):
    (shell.folder / "token").write_text("good")
    held(jobs, "3")
    assert shell.run(*UPDATE, "--async") == 6

    assert shell.run("resume", "--forget", "--token-file", "token") == 0

    assert shell.err.splitlines()[-1] == (
        f"Its job goes on; actions jobs cancel J1 --url={URL} --token-file=token stops it."
    )


def test_the_failed_rows_of_a_job_come_with_all_their_columns_and_are_input_again(shell, jobs, gateway):
    gateway.codes = {"2": "not_found"}
    shell.run(*UPDATE, "--async")

    assert shell.run("jobs", "results", "J1", "--failed") == 0
    assert shell.out == "actionId,status,note,_error_code,_error,_retryable\r\n2,done,b,not_found,No.,false\r\n"
    shell.write(shell.out, "again.csv")
    gateway.codes = {}
    assert shell.run("update", "again.csv", "--ignore", "note") == 0
    assert gateway.applied == ["1", "3", "2"]


def test_the_rows_of_a_retry_are_those_of_the_job_that_it_retries(shell, jobs, gateway):
    gateway.busy = {"2": 2}
    shell.run(*UPDATE, "--async")

    assert shell.run("jobs", "retry", "J1") == 0
    assert shell.out == (
        "Job J2, which retries 1 row of J1, is partial. actions jobs results J2 shows what became of each row.\n"
    )
    assert shell.run("jobs", "results", "J2", "--failed") == 0
    assert shell.out.splitlines()[1:] == ["2,done,b,core_busy,Busy.,true"]


def test_results_of_another_machine_are_told_by_id(shell, jobs, gateway, monkeypatch):
    gateway.codes = {"2": "not_found"}
    shell.run(*UPDATE, "--async")
    monkeypatch.setenv("ACTIONS_STATE_DIR", str(shell.folder / "elsewhere"))

    assert shell.run("jobs", "results", "J1", "--failed") == 0
    assert [event["actionId"] for event in shell.events] == ["2"]
    assert "was not sent from here" in shell.err


def test_results_of_a_file_that_was_changed_since_are_refused(shell, jobs):
    shell.run(*UPDATE, "--async")
    shell.write(ROWS + "9,done,z\n")

    assert shell.run("jobs", "results", "J1", "--failed") == 5
    assert "updates.csv was changed since it was sent" in shell.err


def test_all_results_are_lines_of_json_also_where_they_break_off(shell, jobs):
    shell.run(*UPDATE, "--async")
    jobs.cuts = [2]

    assert shell.run("jobs", "results", "J1") == 0
    assert [(event["actionId"], event["outcome"]) for event in shell.events] == [
        ("1", "applied"),
        ("2", "applied"),
        ("3", "applied"),
    ]


def test_a_job_is_paused_resumed_and_cancelled(shell, jobs):
    held(jobs, "3")
    shell.run(*UPDATE, "--async")

    for verb, state in (("pause", "paused (asked)"), ("resume", "running"), ("cancel", "cancelled (asked)")):
        assert shell.run("jobs", verb, "J1") == 0
        assert shell.out.startswith(f"Job J1 is {state}. ")
    assert shell.run("jobs", "results", "J1", "--unprocessed") == 0
    assert shell.out.splitlines()[1].startswith("3,done,c,unprocessed,")


def test_an_ended_job_is_not_cancelled_since_that_would_remove_its_results(shell, jobs):
    shell.run(*UPDATE, "--async")

    assert shell.run("jobs", "cancel", "J1") == 5
    assert shell.err == "actions: job J1 has ended: it is succeeded\n"
    assert "J1" in jobs.jobs


@pytest.mark.parametrize("words", [("show",), ("show", "--watch"), ("results",), ("cancel",), ("pause",), ("retry",)])
def test_a_job_that_is_not_there_is_exit_5(shell, jobs, words):
    verb, *options = words

    assert shell.run("jobs", verb, "none", *options) == 5
    assert "job-not-found." in shell.err


def test_a_gateway_without_jobs_is_exit_5(shell, gateway, jobs):
    gateway.jobs.moods = [(*problem("no-such-page", 404), {})]

    assert shell.run("jobs") == 5


def test_a_gateway_that_nobody_reaches_is_exit_6(shell, jobs):
    jobs.moods = ["down"] * 6

    assert shell.run("jobs") == 6
    assert "no connection to gateway.test" in shell.err


def test_ctrl_c_leaves_the_job_running_and_says_so(shell, jobs, monkeypatch):
    held(jobs, "3")
    shell.run(*UPDATE, "--async")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(jobs, "_results", interrupt)

    assert shell.run(*UPDATE) == 130
    assert "Job J1 goes on at the gateway. The same command fetches its outcome" in shell.err
    assert jobs.jobs["J1"].state == "running"


@pytest.mark.parametrize(
    ("told", "line"), [({"max_job_items": 1_000_000}, "job        1,000,000 rows"), (None, "job        none")]
)
def test_the_limits_say_how_much_a_job_takes(shell, gateway, told, line):
    gateway.more_limits = {"jobs": told}

    assert shell.run("limits") == 0
    assert line in shell.out.splitlines()


def test_quiet_says_nothing_of_a_job_that_goes_well(shell, jobs):
    assert shell.run(*UPDATE, "--async", "--quiet") == 0
    assert (shell.out, shell.err) == ("", "")


def test_options_without_a_command_are_those_of_the_list(shell, jobs):
    shell.run(*UPDATE, "--async", "--quiet")

    assert shell.run("jobs", "--json") == 0
    assert [json.loads(line)["id"] for line in shell.out.splitlines()] == ["J1"]
    assert shell.run("jobs") == 0
    assert shell.out.startswith("J1  succeeded")
    assert shell.run("jobs", "--help") == 0
    assert "Commands:" in shell.out


@pytest.mark.parametrize(
    "answer", [{}, {"data": [{}]}, {"data": "J1"}, {"id": "J1", "state": "running"}, {"data": [7]}]
)
@pytest.mark.parametrize("command", [("jobs",), ("jobs", "show", "J1"), ("jobs", "pause", "J1")])
def test_an_answer_that_tells_of_no_job_is_refused(shell, jobs, command, answer):
    jobs.moods = [(200, {}, answer)]

    assert shell.run(*command) == 5
    assert shell.err == "actions: the answer, of status 200, is not that of a gateway: it tells of no job\n"
