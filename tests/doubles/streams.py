"""Answers line by line, and a core that answers when it is let."""

from __future__ import annotations

import json
import threading

from tests.doubles.service import ScriptedCore

STREAM = {"Accept": "application/x-ndjson"}
_SECONDS = 30.0


class HeldCore(ScriptedCore):
    """Answers each call when the test lets it. ``fault`` ends the run."""

    def __init__(self):
        super().__init__()
        self.let = threading.Semaphore(0)
        self.fault = None

    def send(self, operation, updates, context):
        for one in super().send(operation, updates, context):
            assert self.let.acquire(timeout=_SECONDS)
            if self.fault:
                raise self.fault
            yield one


def lines_of(answer):
    return [json.loads(line) for line in answer.get_data(as_text=True).splitlines()]


def lines_in(taken):
    """One at a time, also where some came together."""
    return (json.loads(line) for chunk in taken for line in chunk.splitlines() if line)


def streamed(service, *items, **headers):
    answer = service.patch(*items, **STREAM, **headers)
    lines = lines_of(answer)
    answer.close()
    return answer, lines


def by_index(lines):
    return sorted((line for line in lines if "index" in line), key=lambda line: line["index"])
