"""A line whose fields are known beforehand, as each request has one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gateway.telemetry.logs.format import JsonFormatter
from gateway.telemetry.logs.pipe import DescriptorHandler

if TYPE_CHECKING:
    from collections.abc import Mapping

    Facts = Mapping[str, object]


class FactsLine:
    """Lines of one event. They do not say where in the source they were made.

    Names of facts are identifiers.
    """

    def __init__(self, log: logging.Logger, event: str) -> None:
        # To look at the stack and to check each field's name costs four times as much as all else in a record.
        self._as_made = {
            level: {**vars(logging.LogRecord(log.name, level, "", 0, event, (), None)), "message": event}
            for level in (logging.DEBUG, logging.INFO, logging.WARNING)
        }
        self._heads = {
            level: {"level": str(made["levelname"]).lower(), "event": event, "request_id": "", "logger": log.name}
            for level, made in self._as_made.items()
        }
        self._root = logging.getLogger()

    def tell(self, level: int, facts: Facts, at: float) -> None:
        """``level`` is DEBUG, INFO or WARNING, ``at`` a Unix time. The caller has asked whether the line is wanted."""
        # All handlers are the root's. To ask each logger on the way there takes as many steps as to make the record.
        for handler in self._root.handlers:
            if level < handler.level:
                continue
            # Without a record, which takes as long as all else.
            formatter = handler.formatter
            if isinstance(formatter, JsonFormatter) and isinstance(handler, DescriptorHandler):
                line = formatter.line(at, self._heads[level], facts)
                if line and handler.takes(line):
                    continue
            handler.handle(self.record(level, facts, at))

    def record(self, level: int, facts: Facts, created: float) -> logging.LogRecord:
        """``facts`` are its attributes, as of any record."""
        record = logging.LogRecord.__new__(logging.LogRecord)
        record.__dict__.update(self._as_made[level], created=created, msecs=created % 1 * 1000, **facts)
        return record
