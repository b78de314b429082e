"""Fetching Keycloak, with an mvn and a java that only pretend: what is kept, what is said where it cannot be had."""

from __future__ import annotations

import os

import pytest

from deploy.keycloak.distribution import Distribution, Failed, Unavailable, environment

JAVA = """\
case "$*" in
*-version*) echo 'openjdk version "17.0.15" 2025-04-15' >&2 ;;
*build*) echo built >> "$CALLS" ;;
*import*) echo imported >> "$CALLS"; for word; do case $word in -Dkc.home.dir=*) mkdir "${word#*=}/data" ;; esac; done ;;
esac
"""
MVN = """\
echo fetched >> "$CALLS"
for word; do case $word in -DoutputDirectory=*) mkdir -p "${word#*=}/keycloak-1.2.3/lib" ;; esac; done
"""


class Machine:
    """A machine with these commands and no others but the system's."""

    def __init__(self, folder, monkeypatch):
        self._commands = folder / "bin"
        self._commands.mkdir()
        self._calls = folder / "calls"
        self.cache = folder / "cache"
        self.realm_file = folder / "realm.json"
        self.realm_file.write_text("{}")
        monkeypatch.delenv("JAVA_HOME", raising=False)
        monkeypatch.setenv("PATH", f"{self._commands}:/usr/bin:/bin")
        monkeypatch.setenv("CALLS", str(self._calls))

    def install(self, name, script):
        command = self._commands / name
        command.write_text(f"#!/bin/sh\n{script}")
        command.chmod(0o755)

    def distribution(self, seconds=30.0):
        return Distribution(self.realm_file, version="1.2.3", cache=self.cache, seconds=seconds)

    def calls(self):
        return self._calls.read_text().split() if self._calls.exists() else []

    def kept(self):
        return sorted(path.name.partition("-")[0] for path in self.cache.glob("1.2.3/*"))


@pytest.fixture
def machine(tmp_path, monkeypatch):
    machine = Machine(tmp_path, monkeypatch)
    machine.install("java", JAVA)
    machine.install("mvn", MVN)
    return machine


def test_it_is_fetched_built_and_filled_once(machine):
    first = machine.distribution()
    again = machine.distribution()

    assert machine.calls() == ["fetched", "built", "imported"]
    assert (first.home / "lib").is_dir()
    assert first.data.is_dir()
    assert (again.home, again.data) == (first.home, first.data)
    assert machine.kept() == ["data", "home"]


def test_a_changed_realm_file_is_imported_into_what_was_built(machine):
    before = machine.distribution()
    machine.realm_file.write_text('{"realm": "partners"}')

    assert machine.distribution().data != before.data
    assert machine.calls() == ["fetched", "built", "imported", "imported"]


def test_the_imports_home_shares_all_but_its_data(machine):
    distribution = machine.distribution()

    assert not (distribution.home / "data").exists()


@pytest.mark.parametrize(
    ("name", "script", "reason"),
    [
        ("java", "exit 1", "Java 17 or newer is needed, not "),
        (
            "java",
            "echo 'openjdk version \"11.0.2\" 2019' >&2",
            'Java 17 or newer is needed, not openjdk version "11.0.2"',
        ),
        ("mvn", "echo '[INFO] hm'; echo '[ERROR] no such host'; exit 1", r"fetching it: \[ERROR\] no such host"),
        ("mvn", "exit 1", "fetching it: no reason given"),
        ("mvn", "exec sleep 30", "fetching it took too long"),
    ],
)
def test_where_it_cannot_be_had_the_reason_is_said_and_nothing_kept(machine, name, script, reason):
    machine.install(name, script)

    with pytest.raises(Unavailable, match=reason):
        machine.distribution(seconds=5.0 if "sleep" not in script else 0.5)
    assert machine.kept() == []


def test_a_machine_without_maven_says_so(machine, monkeypatch):
    monkeypatch.setenv("PATH", str(machine.cache))
    monkeypatch.setenv("JAVA_HOME", str(java_home(machine)))

    with pytest.raises(Unavailable, match="mvn, which fetches it, is not installed"):
        machine.distribution()


def test_a_machine_without_java_says_so(machine, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(machine.cache))

    with pytest.raises(Unavailable, match="Java 17 or newer is needed, and there is none"):
        machine.distribution()


def test_a_build_that_fails_is_no_reason_to_do_without(machine):
    machine.install("java", JAVA.replace("echo built", "echo ERROR: no space; exit 1; echo"))

    with pytest.raises(Failed, match="building it: ERROR: no space"):
        machine.distribution()
    assert machine.kept() == []


def test_who_comes_second_takes_what_the_first_has_put_there(machine):
    put = f'mkdir -p "{machine.cache}/1.2.3/home/theirs"'
    machine.install("mvn", f"{MVN}\n{put}")

    assert (machine.distribution().home / "theirs").is_dir()


def test_settings_for_another_keycloak_are_left_out(monkeypatch):
    monkeypatch.setenv("KC_DB", "postgres")

    assert "KC_DB" not in environment()
    assert environment()["PATH"] == os.environ["PATH"]


def java_home(machine):
    """The pretended Java as a home of its own, with a shell that needs no PATH."""
    commands = machine.cache.parent / "jdk" / "bin"
    commands.mkdir(parents=True)
    (commands / "java").write_text(f"#!/bin/sh\n{JAVA}")
    (commands / "java").chmod(0o755)
    return commands.parent
