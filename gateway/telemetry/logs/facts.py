"""A line whose fields are known beforehand, as each request has one."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    Facts = Mapping[str, object]


class FactsRecord(logging.LogRecord):
    """``facts`` are its fields. They are its attributes too, as of any record; their names are identifiers."""

    __slots__ = ("facts",)
    facts: Facts


class FactsLine:
    """Records of one event. They do not say where in the source they were made."""

    def __init__(self, log: logging.Logger, event: str) -> None:
        # To look at the stack and to check each field's name costs four times as much as all else in a record.
        self._as_made = {
            level: {**vars(logging.LogRecord(log.name, level, "", 0, event, (), None)), "message": event}
            for level in (logging.DEBUG, logging.INFO, logging.WARNING)
        }
        self._root = logging.getLogger()

    def tell(self, level: int, facts: Facts) -> None:
        """``level`` is DEBUG, INFO or WARNING. The caller has asked whether the line is wanted."""
        record = self.record(level, facts)
        # All handlers are the root's. To ask each logger on the way there takes as many steps as to make the record.
        for handler in self._root.handlers:
            if level >= handler.level:
                handler.handle(record)

    def record(self, level: int, facts: Facts) -> FactsRecord:
        record = FactsRecord.__new__(FactsRecord)
        now = time.time()
        record.__dict__.update(self._as_made[level], created=now, msecs=now % 1 * 1000, **facts)
        record.facts = facts
        return record
