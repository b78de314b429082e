"""The wheel of ``make command`` in an empty environment, and its completion as the shells themselves do it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv

import pytest

from tests.docs import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(300)]

COMMANDS = ["check", "completion", "jobs", "limits", "login", "logout", "resume", "update"]
# Each prints what it would offer for the words that are typed, one a line.
ASK = {
    "bash": """
        set -e; eval "$(actions completion bash)"
        words=($TYPED); COMP_WORDS=("${words[@]}"); COMP_CWORD=$((${#words[@]} - 1))
        _actions_completion "${COMP_WORDS[0]}"
        printf '%s\\n' "${COMPREPLY[@]}"
    """,
    "zsh": """
        autoload -Uz compinit; compinit -u -d "$HOME/dump"
        eval "$(actions completion zsh)"
        # Outside its line editor zsh has nowhere to offer words: what would be offered is printed.
        compadd() { local -a one; zparseopts -D -E U V: a:=one; print -l -- ${(P)one[2]} }
        _describe() { local -a found; found=(${(P)3}); print -l -- ${found%%:*} }
        words=(${=TYPED}); CURRENT=${#words}
        _actions_completion
    """,
    "fish": 'actions completion fish | source; complete --do-complete "$TYPED"',
}


@pytest.fixture(scope="module")
def actions(tmp_path_factory):
    """The folder with the installed command."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for package in ("cli", "schemas"):
        ignored = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
        shutil.copytree(ROOT / package, source / package, ignore=ignored)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    built = run([*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, source / "cli"])
    if "Could not find a version" in built.stderr:
        pytest.skip("the wheel cannot be built: its backend cannot be fetched")
    assert built.returncode == 0, built.stderr
    venv.create(folder / "venv", with_pip=True)
    [wheel] = folder.glob("*.whl")
    installed = run([folder / "venv" / "bin" / "python", *pip[1:], "install", "--quiet", wheel])
    assert installed.returncode == 0, installed.stderr
    return folder / "venv" / "bin"


def run(command, cwd="/", **environment):
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": "", **environment},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_it_runs_from_anywhere_and_tells_its_commands(actions, tmp_path):
    told = run([actions / "actions", "--help"], tmp_path)

    assert (told.returncode, told.stderr) == (0, "")
    listed = told.stdout.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in listed] == COMMANDS


def test_it_checks_a_file(actions, tmp_path):
    (tmp_path / "updates.csv").write_text("actionId,status\n7,done\n")

    told = run([actions / "actions", "check", "updates.csv"], tmp_path, ACTIONS_STATE_DIR=str(tmp_path / "state"))

    assert (told.returncode, told.stderr) == (0, "updates.csv: 1 row is valid; nothing was sent.\n")


def test_it_brings_nothing_of_the_gateway(actions):
    python = actions / "python"
    names = "import importlib.util as u; print([n for n in ('gateway', 'flask', 'gevent') if u.find_spec(n)])"

    assert run([python, "-c", names]).stdout == "[]\n"


@pytest.mark.parametrize("shell", ASK)
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("actions log", ["login", "logout"]),
        ("actions jobs re", ["results", "resume", "retry"]),
        ("actions update --dr", ["--dry-run"]),
    ],
)
def test_the_shell_offers_the_words_that_go_on(actions, tmp_path, shell, typed, offered):
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed: apt-get install {shell}")
    path = f"{actions}{os.pathsep}{os.environ['PATH']}"

    told = run([program, "-c", ASK[shell]], tmp_path, PATH=path, TYPED=typed, HOME=str(tmp_path))

    # Fish tells what a word means behind it.
    assert sorted(line.split("\t")[0] for line in told.stdout.splitlines()) == offered, told.stderr
