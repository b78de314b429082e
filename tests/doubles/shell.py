"""The partners' command in this process, over a gateway in memory."""

from __future__ import annotations

import json
import sys

from cli.commands import main as front


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
