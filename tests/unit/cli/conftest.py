"""A file, a gateway in memory, and the run between them."""

from __future__ import annotations

import itertools
from contextlib import ExitStack

import pytest
import responses

from cli.rows.opening import Reading, open_input
from cli.runs import Runs
from cli.update import Updates, Wishes
from tests.doubles.fake_gateway import URL, FakeGateway
from tests.doubles.shell import Shell

START = 1_700_000_000.0


class World:
    """``send`` runs the command's way over a file. ``pauses`` are the waits it asked for, in seconds.

    ``notes`` is what it said, ``uploaded`` how many rows of a job it told to be there.
    """

    def __init__(self, folder, running):
        self.folder, self.gateway, self.pauses = folder, FakeGateway(), []
        self.path, self.notes, self.uploaded = folder / "updates.csv", [], []
        self.runs = Runs(folder / "state", now=itertools.count(START).__next__)
        self._running = running

    def write(self, count, first=1, name="updates.csv", status="done"):
        self.path = self.folder / name
        lines = ["actionId,status,note", *(f"{number},{status},n{number}" for number in range(first, first + count))]
        self.path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return self.path

    def reading(self):
        from cli.rows.csv_rows import CsvOptions

        return Reading(csv=CsvOptions(ignore=("note",)))

    def open(self, wishes=None, reading=None):
        """An open update, closed when the test ends or by ``close``."""
        self._running.close()
        source = open_input(str(self.path), "", self.runs.spool)
        updates = Updates(
            self.gateway,
            self.runs,
            lambda seconds, why: self.pauses.append(seconds),
            note=self.notes.append,
            uploaded=self.uploaded.append,
        )
        return self._running.enter_context(updates.open(source, reading or self.reading(), wishes or Wishes()))

    def send(self, wishes=None, steps=None):
        """The update after so many steps, or all."""
        update = self.open(wishes)
        list(itertools.islice(update.run.steps(), steps))
        return update

    def close(self):
        self._running.close()


@pytest.fixture
def world(tmp_path):
    with ExitStack() as running:
        yield World(tmp_path, running)


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
