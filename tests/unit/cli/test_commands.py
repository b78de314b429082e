"""The commands in one process: words, exit codes and options, over a gateway in memory."""

from __future__ import annotations

import pytest
import requests
from click.shell_completion import get_completion_class

from cli.commands import main as front
from cli.errors import ActionsError
from tests.doubles.fake_gateway import URL, problem

ISSUER = "https://login.test/realms/partners"


def test_check_needs_no_login_and_remote_asks_the_gateway(shell, monkeypatch):
    shell.write("actionId,status\n1,done\n2,done\n")
    shell.gateway.invalid = {"2": "partner_not_allowed"}
    assert shell.run("check", "updates.csv", "--remote", "--json") == 5
    assert shell.events[0] == {
        "event": "invalid",
        "row": "row 3",
        "column": "",
        "code": "partner_not_allowed",
        "detail": "status: No.",
        "value": "",
    }
    assert shell.events[-1]["exit"] == 5
    monkeypatch.delenv("ACTIONS_URL")
    monkeypatch.delenv("ACTIONS_TOKEN")

    assert shell.run("check", "updates.csv") == 0
    assert shell.err == "updates.csv: 2 rows are valid; nothing was sent.\n"
    assert shell.gateway.bodies == []


@pytest.mark.parametrize(
    ("mood", "code"),
    [
        (["down", "html"], 0),
        ([(*problem("quota-exceeded", 429), {"Retry-After": "1"})], 0),
        ([(*problem("invalid-token", 401), {})], 5),
        ([(*problem("no-such-page", 404), {})], 5),
        (["down"] * 6, 6),
    ],
)
def test_a_dry_run_is_as_patient_as_the_real_one(shell, mood, code):
    shell.write("actionId,status\n1,done\n")
    shell.gateway.moods = mood

    assert shell.run("update", "updates.csv", "--dry-run") == code
    assert shell.gateway.bodies == []


@pytest.mark.parametrize(
    ("rows", "words", "said"),
    [
        (3, (), "3 rows would be sent in 1 batch."),
        (3, ("--batch", "2"), "3 rows would be sent in 2 batches."),
        (3, ("--async", "--batch", "2"), "3 rows would be sent as a job of 2 parts."),
        (2_001, (), "2,001 rows would be sent as a job of 3 parts."),
        (2_001, ("--sync",), "2,001 rows would be sent in 3 batches."),
        (2_501, (), "2,501 rows would be sent in 3 batches."),
    ],
)
def test_a_dry_run_tells_how_the_same_words_would_send_it(shell, rows, words, said):
    shell.gateway.more_limits = {"jobs": {"max_job_items": 2_500}}
    shell.write("actionId,status\n" + "".join(f"{number},done\n" for number in range(1, rows + 1)))

    assert shell.run("update", "updates.csv", "--dry-run", *words) == 0
    assert shell.err.splitlines()[-2] == said


def test_languages_of_a_check_are_said_or_the_usual_ones(shell):
    shell.write("actionId,title.de\n1,Urlaub\n")

    assert shell.run("check", "updates.csv", "--languages", "de") == 0
    assert shell.run("check", "updates.csv") == 5
    assert "column 'title.de': 'de' is none of the languages en, fr" in shell.err


@pytest.mark.parametrize("delimiter", ["||", '"', ""])
def test_a_delimiter_is_one_character(shell, delimiter):
    shell.write("actionId\tstatus\n1\tdone\n")

    assert shell.run("check", "updates.csv", "--delimiter", delimiter) == (0 if not delimiter else 2)
    assert shell.run("check", "updates.csv", "--delimiter", "\\t") == 0


def test_a_deadline_is_a_time_as_people_write_it(shell):
    shell.write("actionId,status\n1,done\n")

    assert shell.run("update", "updates.csv", "--deadline", "soon") == 2
    assert "must be like 90s, 10m or 2h" in shell.err
    assert shell.run("update", "updates.csv", "--deadline", "1.5h") == 0


def test_limits_are_shown_for_people_and_for_programs(shell):
    shell.gateway.rate = 400

    assert shell.run("limits") == 0
    assert "request    1,000 items, 5,242,880 bytes; from here 400 items, 4,194,304 bytes at most; " in shell.out
    assert "rate       400 items in 60 s" in shell.out
    shell.run("limits", "--json")
    assert shell.events[0]["rate"] == {"unit": "items", "limit": 400, "seconds": 60}


def test_what_the_command_sends_is_not_told_apart_where_it_is_what_the_gateway_takes(shell):
    shell.gateway.max_bytes = 1_048_576

    assert shell.run("limits") == 0
    assert "request    1,000 items, 1,048,576 bytes; larger files are cut" in shell.out


def raising(error):
    def limits():
        raise error

    return limits


def test_a_gateway_that_nobody_reaches_is_told_apart_from_rows_that_need_mending(shell, monkeypatch):
    shell.write("actionId,status\n1,done\n")
    monkeypatch.setattr(shell.gateway, "limits", raising(requests.exceptions.ConnectionError("words")))

    assert shell.run("update", "updates.csv") == 6
    assert shell.err.splitlines()[-1] == "actions: no connection to gateway.test, or it broke off; nothing was sent"
    shell.write("actionId,status\n1,open\n", "wrong.csv")
    assert shell.run("check", "wrong.csv") == 5


def test_a_certificate_that_is_not_trusted_needs_mending(shell, monkeypatch):
    shell.write("actionId,status\n1,done\n")
    monkeypatch.setattr(shell.gateway, "limits", raising(requests.exceptions.SSLError("words")))

    assert shell.run("update", "updates.csv") == 5


def test_a_gateway_that_tells_no_limits_is_named(shell, monkeypatch):
    monkeypatch.setattr(shell.gateway, "limits", lambda: shell.gateway._answer(*problem("no-such-page", 404), {}))

    assert shell.run("limits") == 0
    assert "This gateway tells no limits" in shell.err


@pytest.mark.parametrize(
    ("words", "text", "code", "why"),
    [
        (["update", "nowhere.csv"], "", 2, "nowhere.csv: No such file or directory"),
        (["update", "updates.csv"], "status\ndone\n", 5, "there is no column 'actionId'"),
        (["check", "updates.csv"], "status\ndone\n", 5, "there is no column 'actionId'"),
        (["check", "updates.csv"], "actionId,status\n", 5, "there is no row with an update in it"),
        (["jobs", "list"], "", 5, "no-such-page."),
    ],
)
def test_a_refusal_is_a_line_of_json_too_whatever_command_it_ends(shell, words, text, code, why):
    shell.write(text)

    assert shell.run(*words, "--json") == code
    [event] = shell.events
    assert (event["event"], event["exit"]) == ("refused", code)
    assert why in event["why"]
    assert shell.err == ""


def test_the_version_names_the_gateway_too_where_one_is_known(shell, monkeypatch):
    assert shell.run("--version") == 0
    assert shell.out == f"actions 0.1.0\ngateway 9.9.9 at {URL}\n"
    monkeypatch.delenv("ACTIONS_URL")
    shell.run("--version")
    assert shell.out == "actions 0.1.0\ngateway unknown: nobody is logged in\n"


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(shell, name):
    assert shell.run("completion", name) == 0
    assert "_ACTIONS_COMPLETE" in shell.out


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["update"], "file"),
        (["check"], "file"),
        (["update", "--token-file"], "file"),
        (["login", "--client-secret-file"], "file"),
        (["update", "--output-dir"], "dir"),
        (["resume", "--output-dir"], "dir"),
    ],
)
def test_a_shell_completes_names_of_files_where_one_is_to_stand(words, kind):
    made = get_completion_class("bash")(front.actions, {}, "actions", "_ACTIONS_COMPLETE")

    assert [(one.type, one.value) for one in made.get_completions(words, "upd")] == [(kind, "upd")]


@pytest.mark.parametrize("words", [["nonsense"], ["update"], ["update", "x", "--batch", "0"], ["resume", "--what"]])
def test_what_is_not_understood_is_2(shell, words):
    assert shell.run(*words) == 2
    assert shell.err


def test_a_fault_of_the_command_is_1_and_shows_its_place_where_that_is_asked_for(shell, monkeypatch):
    def broken(*_):
        raise RuntimeError("broken")

    monkeypatch.setattr("cli.commands.update.open_input", broken)
    assert shell.run("update", "x") == 1
    assert shell.err == "actions: a fault of this command (RuntimeError: broken); ACTIONS_DEBUG=1 shows where\n"
    monkeypatch.setenv("ACTIONS_DEBUG", "1")
    shell.run("update", "x")
    assert "Traceback" in shell.err


def test_an_error_that_is_no_one_elses_is_1(shell, monkeypatch):
    def refused(*_):
        raise ActionsError("why")

    monkeypatch.setattr("cli.commands.update.open_input", refused)

    assert (shell.run("update", "x"), shell.err) == (1, "actions: why\n")


def test_help_fits_a_narrow_terminal_and_names_every_command(shell):
    assert shell.run("--help") == 0
    for name in ("update", "check", "resume", "limits", "login", "logout", "completion"):
        assert f"\n  {name} " in shell.out
