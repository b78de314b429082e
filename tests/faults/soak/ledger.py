"""What each item was told to have become, and what the core's journal says of it.

An item is known by its mark, a number that it carries in its title, so that every call of the core can be traced to it.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sandbox.part import Part

APPLIED, NOT_APPLIED, NOT_SENT, UNKNOWN = "applied", "not_applied", "not_sent", "unknown"
_EXAMPLES = 20


class Ledger:
    """Shared by all who send. ``contradictions`` is empty where every answer was the truth."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.contradictions: list[str] = []
        self._marks = itertools.count(1)
        self._told: dict[int, str] = {}
        self._applied: Counter[int] = Counter()
        self._seen = 0
        self._lock = threading.Lock()

    def new_marks(self, count: int) -> list[int]:
        """Marks for items that are about to be sent for the first time."""
        with self._lock:
            return [next(self._marks) for _ in range(count)]

    def note_answer(self, marks: Sequence[int], status: int, document: Any) -> None:
        """What one call was answered."""
        self.statuses[str(status)] += 1
        if status >= 500 and status not in (502, 503, 504):
            self._contradict(f"status {status}: {document}")
        outcomes = _outcomes(document, marks)
        if outcomes is None:
            self._contradict(f"{len(marks)} items, and the answer of {status} lists others: {str(document)[:300]}")
        elif outcomes:
            self.note_outcomes(zip(marks, outcomes, strict=True))
        else:
            # Refused as a whole: this call applied nothing, whatever an earlier one with the same key did.
            self._told.update({mark: NOT_SENT for mark in marks if mark not in self._told})

    def note_outcomes(self, told: Iterable[tuple[int, str]]) -> None:
        """What was said of each item, by its mark."""
        self._told.update(told)

    def note_loss(self, marks: Iterable[int], how: str) -> None:
        """A call that got no answer."""
        self.statuses[how] += 1
        self._told.update(dict.fromkeys(marks, UNKNOWN))

    def is_settled(self, marks: Iterable[int]) -> bool:
        """Whether nothing is left to be told of these."""
        return all(self._told.get(mark) in (APPLIED, NOT_APPLIED) for mark in marks)

    def read_journal(self, core: Part) -> None:
        """Take in what the core has applied since the last time. Raises OSError or StackError while it is away."""
        for entry in core.control("GET", f"journal?after={self._seen}")["data"]:
            self._seen = entry["seq"]
            self._applied[int(entry["body"]["title_en"])] += 1

    def reconcile(self) -> dict[str, int]:
        """How many items were told what, with the unknown ones told apart. Fills ``contradictions``."""
        found: Counter[str] = Counter()
        for mark, told in self._told.items():
            times = self._applied[mark]
            found[told] += 1
            found["unknown, applied" if times else "unknown, not applied"] += told == UNKNOWN
            if times > 1 or (told == APPLIED) > times or (told in (NOT_APPLIED, NOT_SENT) and times):
                self._contradict(f"item {mark} was told {told} and applied {times} times")
        strangers = self._applied.keys() - self._told.keys()
        if strangers:
            self._contradict(f"{len(strangers)} items were applied that nobody was told of")
        return dict(found)

    def _contradict(self, text: str) -> None:
        if len(self.contradictions) < _EXAMPLES:
            self.contradictions.append(text)


def _outcomes(document: Any, marks: Sequence[int]) -> list[str] | None:
    """What became of each item, in their order; empty where the call was refused as a whole, None where they do not match."""
    errors = [error for error in document.get("errors", []) if "outcome" in error]
    data = document.get("data", [])
    if not errors and "data" not in document:
        return []
    by_index = {error["index"]: str(error["outcome"]) for error in errors}
    if len(by_index) + len(data) != len(marks):
        return None
    titles = iter(data)
    told = [by_index.get(index) or _title(next(titles)) == str(mark) for index, mark in enumerate(marks)]
    return None if False in told else [APPLIED if said is True else str(said) for said in told]


def _title(action: dict[str, Any]) -> str:
    title: str = action["title"]["en"]
    return title
