"""No signal's exception goes through a transport: it waits for the end of the call."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from legacy_client.calls import Update
from legacy_client.credentials import Anonymous
from legacy_client.errors import BrokenOff
from legacy_client.operations import Operation, is_number, numeric_id, updates
from legacy_client.sending.reading import AnswerReader
from legacy_client.single.calls import SingleCalls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from legacy_client.transport.base import Gate

CALL = Update.of("7", {"title_en": "a"})


class Events:
    """In what order a transport is used and left alone."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.ends_after = 1_000

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        self.told.append("begin")
        yield
        self.told.append("end")

    def is_told_to_end(self) -> bool:
        return self.told.count("sent") >= self.ends_after


class Transport:
    def __init__(self, gate: Gate, events: Events) -> None:
        self._gate, self._events = gate, events

    def send_many(self, requests, _flow):
        for index in range(len(requests)):
            if self._gate.admit() is not None:
                return
            self._events.told.append("sent")
            error = BrokenOff("reset")
            self._gate.record([error], [0.1])
            yield index, error

    def close(self) -> None:
        self._events.told.append("close")


def made(events: Events) -> SingleCalls:
    operation = Operation("PATCH", updates("/actions/{id}", is_number), numeric_id)
    return SingleCalls(
        "http://core.test",
        operation,
        transport=lambda gate: Transport(gate, events),
        credentials=Anonymous(),
        reader=AnswerReader(atomic_errors=True, max_answer_bytes=1000, misread=lambda _name: None),
        seconds=1.0,
        authorization="",
        note=lambda *_names, **_fields: None,
        undisturbed=events.undisturbed,
        is_told_to_end=events.is_told_to_end,
    )


def test_a_call_is_not_disturbed():
    events = Events()

    made(events).update(CALL, "key")

    assert events.told == ["begin", "sent", "end"]


def test_a_call_over_a_line_of_its_own_is_not_disturbed_until_that_is_closed():
    events = Events()

    made(events).update(CALL, "key", is_new_line=True)

    assert events.told == ["begin", "begin", "sent", "end", "close", "end"]


def test_many_calls_end_soon_after_a_signal():
    events = Events()
    events.ends_after = 3

    timings = made(events).many(CALL, [f"key-{number}" for number in range(9)], 1, lambda _timing: False)

    assert events.told == ["begin", "sent", "sent", "sent", "close", "end"]
    assert len(timings) == 3
