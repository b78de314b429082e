"""The death of a process, between any two lines of its journal."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from cli.journal import Journal


class Killed(BaseException):
    pass


@contextmanager
def killed_at_line(monkeypatch, number, *, is_written):
    """What is run in it ends at the line ``number`` that it adds to its journal: after that is written, or before."""
    append, lines = Journal._append, []

    def counted(journal, record, **options):
        lines.append(record)
        if len(lines) < number or is_written:
            append(journal, record, **options)
        if len(lines) == number:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "_append", counted)
        with pytest.raises(Killed):
            yield
