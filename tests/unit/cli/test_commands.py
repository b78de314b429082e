"""The commands in one process: words, exit codes and options, over a gateway in memory."""

from __future__ import annotations

import errno
import io
import json
import shlex
import sys

import pytest
import responses
from click.shell_completion import get_completion_class

from cli.commands import main as front
from cli.errors import ActionsError
from tests.doubles.fake_gateway import URL, FakeGateway, problem

ISSUER = "https://login.test/realms/partners"


class Shell:
    """``run`` is one command; ``out`` and ``err`` are what it said."""

    def __init__(self, folder, gateway, capsys, monkeypatch):
        self.folder, self.gateway = folder, gateway
        self._capsys, self._monkeypatch = capsys, monkeypatch
        self.out = self.err = ""

    def run(self, *words):
        self._monkeypatch.setattr(sys, "argv", ["actions", *words])
        code = front._run()
        self.out, self.err = self._capsys.readouterr()
        return code

    def write(self, text, name="updates.csv"):
        (self.folder / name).write_text(text, encoding="utf-8")

    @property
    def events(self):
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def gateway():
    return FakeGateway()


@pytest.fixture
def mock(gateway):
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        gateway.serve(mock)
        yield mock


@pytest.fixture
def shell(tmp_path, gateway, mock, capsys, monkeypatch):
    for name in ("ACTIONS_ISSUER", "ACTIONS_CLIENT_ID", "ACTIONS_CLIENT_SECRET", "ACTIONS_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ACTIONS_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("ACTIONS_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("ACTIONS_URL", URL)
    monkeypatch.setenv("ACTIONS_TOKEN", "good")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, gateway, capsys, monkeypatch)


def test_an_update_says_what_became_of_the_rows_and_what_to_do_next(shell):
    shell.gateway.codes = {"2": "not_found"}
    shell.write("actionId,status\n1,done\n2,done\n")

    assert shell.run("update", "updates.csv") == 3
    assert shell.err.splitlines() == [
        "updates.csv: 2 rows are valid",
        "1 of 2 updates are applied, 1 failed.",
        "  1 not_found",
        "  failed: updates.failed.csv",
        "Mend updates.failed.csv and send it: actions update updates.failed.csv",
    ]


@pytest.mark.parametrize(
    ("more", "sent_by"),
    [
        ((), "actions update 'my updates.failed.csv' --null='\\N' --ignore=note"),
        (
            ("--url", URL, "--profile", "other", "--delimiter", "\\t"),
            f"actions update 'my updates.failed.csv' --url={URL} --profile=other --delimiter='\\t' --null='\\N' --ignore=note",
        ),
    ],
)
def test_the_command_that_is_told_next_is_one_that_works(shell, more, sent_by):
    shell.gateway.codes = {"2": "not_found"}
    shell.write("actionId,status,note\n1,done,a\n2,done,b\n".replace(",", "\t" if more else ","), "my updates.csv")
    shell.run("update", "my updates.csv", "--ignore", "note", "--null", r"\N", *more)
    assert shell.err.splitlines()[-1] == f"Mend my updates.failed.csv and send it: {sent_by}"

    shell.gateway.codes = {}
    assert shell.run(*shlex.split(sent_by)[1:]) == 0


def test_rows_that_could_not_be_left_are_left_by_the_same_command(shell, monkeypatch):
    shell.gateway.codes = {"2": "not_found"}
    shell.write("actionId,status\n1,done\n2,done\n")

    with monkeypatch.context() as full:
        full.setattr("cli.leavings.tempfile.mkstemp", _no_room)
        assert shell.run("update", "updates.csv") == 1
    assert "updates.failed.csv: No space left on device; --output-dir names another folder" in shell.err

    assert shell.run("update", "updates.csv") == 3
    assert "  failed: updates.failed.csv" in shell.err.splitlines()
    assert (shell.folder / "updates.failed.csv").read_text().splitlines()[1].startswith("2,done,not_found")
    assert shell.gateway.applied == ["1"]


def test_a_folder_for_the_files_that_is_not_there_is_told_before_anything_is_sent(shell):
    shell.write("actionId,status\n1,done\n")

    assert shell.run("update", "updates.csv", "--applied", "--output-dir", "nowhere") == 2
    assert "Directory 'nowhere' does not exist" in shell.err
    assert shell.gateway.applied == []


def test_a_file_that_the_user_removed_after_the_end_does_not_come_back(shell):
    shell.gateway.codes = {"2": "not_found"}
    shell.write("actionId,status\n1,done\n2,done\n")
    shell.run("update", "updates.csv")
    (shell.folder / "updates.failed.csv").unlink()

    assert shell.run("update", "updates.csv") == 3
    assert not (shell.folder / "updates.failed.csv").exists()


def test_a_run_that_was_killed_between_its_end_and_its_files_leaves_them_when_asked_again(shell, monkeypatch):
    shell.gateway.codes = {"2": "not_found"}
    shell.write("actionId,status\n1,done\n2,done\n")
    with monkeypatch.context() as killed:
        killed.setattr("cli.commands.update.write", _killed)
        assert shell.run("update", "updates.csv") == 130

    assert shell.run("update", "updates.csv") == 3
    assert (shell.folder / "updates.failed.csv").exists()


def _killed(*_):
    raise KeyboardInterrupt


def _no_room(**_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_what_stays_busy_and_what_may_have_been_applied_are_told_apart(shell):
    shell.gateway.codes = {"2": "rejected"}
    shell.gateway.busy = {"3": 99}
    shell.write("actionId,status\n1,done\n2,done\n3,done\n")
    shell.run("update", "updates.csv")
    assert shell.err.splitlines()[-1] == (
        "The same command sends what is left and what can still succeed. Then mend updates.failed.csv."
    )

    shell.write("actionId,status\n7,done\n", "other.csv")
    shell.gateway.moods = ["lost"] * 6
    assert shell.run("update", "other.csv", "--json") == 4
    assert {name: shell.events[-1][name] for name in ("unknown", "can_be_repeated", "codes")} == {
        "unknown": 1,
        "can_be_repeated": 1,
        "codes": {"no_answer": 1},
    }


def test_an_ended_run_says_when_it_was_sent(shell):
    shell.write("actionId,status\n1,done\n")
    shell.run("update", "updates.csv")

    assert shell.run("update", "updates.csv") == 0
    assert "Nothing was sent now: this was sent on " in shell.err
    assert len(shell.gateway.bodies) == 1


def test_a_run_that_is_stopped_says_why_and_that_the_same_command_goes_on(shell):
    shell.gateway.codes = {str(number): "rejected" for number in range(1, 30)}
    shell.write("actionId,status\n" + "".join(f"{number},done\n" for number in range(1, 30)))

    assert shell.run("update", "updates.csv", "--batch", "1") == 4
    assert shell.err.splitlines()[-1] == (
        "Stopped: 20 batches in a row without one success. Then the same command goes on from here."
    )
    assert shell.run("resume", "--list") == 0
    assert "20 of 29 rows sent" in shell.out
    assert shell.run("resume", "--forget") == 0
    assert shell.run("resume") == 0
    assert "Nothing to go on with" in shell.err


def test_of_several_runs_one_is_named(shell):
    for name in ("a.csv", "b.csv"):
        shell.write(f"actionId,status\n{ord(name[0])},done\n", name)
        assert shell.run("update", name, "--deadline", "0s") == 6

    assert shell.run("resume") == 2
    assert "which one? Name its id:" in shell.err
    assert shell.run("resume", "c.csv") == 2
    assert shell.run("resume", "a.csv") == 0
    assert shell.gateway.applied == ["97"]


def test_what_is_left_of_a_run_that_goes_on_stands_where_it_is_asked_to(shell):
    shell.gateway.codes = {"2": "not_found"}
    shell.write("actionId,status\n1,done\n2,done\n")
    shell.run("update", "updates.csv", "--deadline", "0s")
    (shell.folder / "left").mkdir()

    assert shell.run("resume", "--output-dir", "left") == 3
    assert [path.name for path in (shell.folder / "left").iterdir()] == ["updates.failed.csv"]
    assert shell.err.splitlines()[-1].endswith(f"actions update left/updates.failed.csv --url={URL}")


def test_an_interrupt_between_chunks_and_one_before_them_are_130(shell, monkeypatch):
    shell.write("actionId,status\n1,done\n2,done\n")

    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(shell.gateway, "update", interrupted)
    assert shell.run("update", "updates.csv", "--batch", "1") == 130
    assert shell.err.splitlines()[-1] == "The same command goes on from here."
    monkeypatch.setattr("cli.commands.update.open_input", interrupted)
    assert shell.run("update", "updates.csv") == 130
    assert "interrupted; the same command goes on from here" in shell.err


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
        (["down"] * 6, 5),
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
    assert "request    400 items, 4,194,304 bytes" in shell.out
    assert "rate       400 items in 60 s" in shell.out
    shell.run("limits", "--json")
    assert shell.events[0]["rate"] == {"unit": "items", "limit": 400, "seconds": 60}


def test_a_gateway_that_tells_no_limits_is_named(shell, monkeypatch):
    monkeypatch.setattr(shell.gateway, "limits", lambda: shell.gateway._answer(*problem("no-such-page", 404), {}))

    assert shell.run("limits") == 0
    assert "This gateway tells no limits" in shell.err


def test_login_keeps_what_the_gateway_takes_and_logout_forgets_it(shell, mock, monkeypatch):
    mock.get(f"{ISSUER}/.well-known/openid-configuration", json={"token_endpoint": f"{ISSUER}/token"})
    mock.post(f"{ISSUER}/token", json={"access_token": "good", "expires_in": 300})
    (shell.folder / "secret").write_text("hush\n")
    monkeypatch.delenv("ACTIONS_TOKEN")

    assert shell.run("login", URL, "--issuer", ISSUER, "--client-id", "me", "--client-secret-file", "secret") == 0
    assert f"Logged in at {URL} as me" in shell.err
    assert shell.run("limits") == 0
    assert shell.run("logout") == 0
    assert shell.run("limits") == 2
    assert shell.run("logout") == 0
    assert "Nobody was logged in as default." in shell.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--client-id", "me"], "--issuer is missing (or ACTIONS_ISSUER)"),
        (["--issuer", ISSUER], "--client-id is missing"),
        (["--issuer", ISSUER, "--client-id", "me", "--client-secret-file", "nowhere"], "No such file"),
        (["--issuer", ISSUER, "--client-id", "me", "--ask-secret"], "there is no terminal to ask on"),
    ],
)
def test_what_a_login_lacks_is_said(shell, words, said, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())

    assert shell.run("login", URL, *words) == 2
    assert said in shell.err


def test_an_address_under_which_no_batch_can_be_sent_is_no_login(shell, mock, monkeypatch):
    for method, path in (("GET", "limits"), ("PATCH", "actions")):
        mock.add(method, f"{URL}/docs/openapi/api/v1/{path}", json=problem("no-such-page", 404)[1], status=404)
    mock.get(f"{ISSUER}/.well-known/openid-configuration", json={"token_endpoint": f"{ISSUER}/token"})
    mock.post(f"{ISSUER}/token", json={"access_token": "good", "expires_in": 300})
    monkeypatch.setenv("ACTIONS_CLIENT_SECRET", "hush")

    assert shell.run("login", f"{URL}/docs", "--issuer", ISSUER, "--client-id", "me") == 5
    assert f"{URL}/docs is no gateway for actions; its address is what stands before /openapi/api/v1/" in shell.err
    assert not (shell.folder / "config").exists()


def test_who_has_a_secret_and_did_not_say_it_is_told_how(shell, mock):
    mock.get(f"{ISSUER}/.well-known/openid-configuration", json={"device_authorization_endpoint": f"{ISSUER}/device"})
    mock.post(f"{ISSUER}/device", json={"error": "unauthorized_client"}, status=401)

    assert shell.run("login", URL, "--issuer", ISSUER, "--client-id", "me") == 5
    assert "unauthorized_client; a program's client needs its secret too: ACTIONS_CLIENT_SECRET" in shell.err


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


def test_a_person_without_a_refresh_token_is_told(shell, mock):
    mock.get(
        f"{ISSUER}/.well-known/openid-configuration",
        json={"token_endpoint": f"{ISSUER}/token", "device_authorization_endpoint": f"{ISSUER}/device"},
    )
    mock.post(
        f"{ISSUER}/device",
        json={"device_code": "d", "user_code": "ABCD", "verification_uri": "https://v.test", "interval": 1},
    )
    mock.post(f"{ISSUER}/token", json={"access_token": "good", "expires_in": 300})

    assert shell.run("login", URL, "--issuer", ISSUER, "--client-id", "me") == 2
    assert "Open https://v.test" in shell.err
    assert "gives no refresh token" in shell.err


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


def test_a_profile_that_cannot_be_read_is_removed_by_a_logout(shell):
    path = shell.folder / "config" / "profiles" / "default.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    path.chmod(0o600)

    assert shell.run("logout") == 0
    assert not path.exists()
