"""Batches for the audit trail, and a sink in memory that can fail, after the lines that it ``takes``."""

from __future__ import annotations

from typing import NamedTuple

from gateway.audit.line import Ended, folded, line_of
from gateway.audit.sink import AuditUnavailable


class Called(NamedTuple):
    id: str


class Failed(NamedTuple):
    outcome: str
    code: str
    reason: str = ""


NOT_FOUND, UNKNOWN = Failed("not_applied", "not_found"), Failed("unknown", "core_timeout")


def ended(*ids, failed=(), to_send=None, **about):
    """``failed``: error by index."""
    usual = {"principal": "partners:alice", "request_id": "r1", "resource": "actions", "seconds": 0.25}
    return Ended(
        **{**usual, **about},
        calls=[Called(each) for each in ids],
        to_send=range(len(ids)) if to_send is None else to_send,
        failed=[(index, ids[index], error) for index, error in dict(failed).items()],
    )


def written(batch, at, *, with_applied=True):
    """Its line."""
    return line_of(folded(batch, at, with_applied=with_applied))


class MemorySink:
    def __init__(self):
        self.lines = []
        self.reason = ""
        self.takes = 0
        self.is_closed = False

    def write(self, lines):
        if self.reason:
            self.lines += lines[: self.takes]
            raise AuditUnavailable(self.reason, self.takes)
        self.lines += lines

    def newest(self, since=None):
        return reversed(self.lines)

    def close(self):
        self.is_closed = True
