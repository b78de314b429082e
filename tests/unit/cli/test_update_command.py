"""``actions update`` and ``resume``: words, exit codes, and what a run leaves."""

from __future__ import annotations

import errno
import shlex

import pytest

from tests.doubles.fake_gateway import URL


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
