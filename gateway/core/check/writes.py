"""The only way in which a run changes the item."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from itertools import count
from typing import TYPE_CHECKING, Any

from gateway.core.check.field_place import MISSING
from legacy_client.calls import Update
from legacy_client.errors import BrokenOff, CoreError
from legacy_client.single.seen import unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gateway.core.check.item_field import ItemField
    from gateway.core.check.journal import Journal, NoJournal
    from legacy_client.single.calls import SingleCalls
    from legacy_client.single.line import Place
    from legacy_client.single.seen import Seen, Timing

MOST = 20
"""Calls with a field of the item that one run makes. Repeats of its own value are not counted."""
# So that what a probe leaves can be put back, whatever it was.
_KEPT_BACK = 2


class NoWritesLeft(Exception):
    """The bound is reached. Nothing was sent."""


class Writes:
    """``own`` is the field's value as it was; each value that a probe writes is put back.

    ``is_under_way``: the last write was broken off, and may still be applied.

    With a ``most`` of 0 nothing can be written at all.
    """

    def __init__(
        self,
        calls: SingleCalls,
        place: Place,
        journal: Journal | NoJournal,
        *,
        item_id: str,
        field: ItemField,
        run: str,
        most: int,
    ) -> None:
        self._calls = calls
        self._place = place
        self._journal = journal
        self._item_id = item_id
        self.field = field
        self._run = run
        self._most = most
        self._keys = count(1)
        self._is_read_by_updates = False
        self.own: object = MISSING
        self.made = 0
        self.is_put_back = True
        self.is_under_way = False

    @property
    def are_allowed(self) -> bool:
        return self._most > 0

    @property
    def is_known(self) -> bool:
        """Whether there is a value to put back, and so something may be written."""
        return self.own is not MISSING

    def begin(self) -> Seen | None:
        """Learn the field's own value. None, or the answer to an update without fields, which does not show it."""
        for self._is_read_by_updates in (False, True):
            seen = self._shown()
            if (own := self.field.raw_in(seen.item)) is not MISSING:
                self.own = own
                self._journal.note("own", field=self.field.name, fields=self.field.body(own))
                return None
        return seen

    def new_key(self) -> str:
        return f"check-{self._run}-{next(self._keys)}"

    def read(self) -> object:
        """The field's value now, or ``MISSING``."""
        data = self.item()
        return self.field.raw_in(data)

    def item(self) -> Mapping[str, Any]:
        """``{}`` where it cannot be read."""
        return self._shown().item

    def _shown(self) -> Seen:
        call = Update.of(self._item_id, {})
        return self._calls.update(call, self.new_key()) if self._is_read_by_updates else self._calls.look(call)

    def write(self, raw: object, key: str = "") -> Seen:
        """Raises NoWritesLeft."""
        return self.write_fields(self.field.body(raw), key)

    def write_fields(self, fields: Mapping[str, Any], key: str = "") -> Seen:
        """Raises NoWritesLeft."""
        self._count(1, self._most - _KEPT_BACK)
        call = Update.of(self._item_id, fields)
        return self._ended(self._calls.update(call, key or self.new_key()))

    def write_at_once(self, *wanted: tuple[object, str]) -> Sequence[Seen]:
        """Values and keys, each over a line of its own, and none waits for another's answer. Raises NoWritesLeft."""
        self._count(len(wanted), self._most - _KEPT_BACK)
        calls = [(Update.of(self._item_id, self.field.body(raw)), key) for raw, key in wanted]
        with ExitStack() as stack:
            try:
                requests = [self._calls.request(call, key) for call, key in calls]
                lines = [stack.enter_context(closing(self._place.open())) for _ in calls]
            except CoreError as error:
                return [unanswered(error, 0.0) for _ in calls]
            began = time.monotonic()
            try:
                for line, request in zip(lines, requests, strict=True):
                    line.send(request)
            except OSError as exc:
                return [unanswered(BrokenOff(type(exc).__name__), 0.0) for _ in calls]
            return [
                self._ended(line.answer(request, self._calls.expected_id(call), began))
                for line, request, (call, _) in zip(lines, requests, calls, strict=True)
            ]

    def repeat_own(self, most: int, at_once: int, is_over: Callable[[Timing], bool]) -> Sequence[Timing]:
        """The field's own value again and again, at most ``most`` times. These do not count. Raises NoWritesLeft."""
        self._count(0, self._most)
        call = Update.of(self._item_id, self.field.body(self.own))
        timings = self._calls.many(call, [self.new_key() for _ in range(most)], at_once, is_over)
        self.is_under_way = False
        return timings

    def repeat_own_over_lines(self, key: str, times: int) -> Sequence[Seen]:
        """The field's own value with a known key, over a new connection each time. These do not count.

        Raises NoWritesLeft.
        """
        self._count(0, self._most)
        call = Update.of(self._item_id, self.field.body(self.own))
        return [self._ended(self._calls.update(call, key, is_new_line=True)) for _ in range(times)]

    def put_back(self, *, is_last: bool = False) -> bool:
        """Whether the field has its own value again. The last time it is looked at in any case."""
        if self.own is MISSING or (self.is_put_back and not is_last):
            return True
        now = self.read()
        if now != self.own and self.made < self._most:
            self.made += 1
            self._calls.update(Update.of(self._item_id, self.field.body(self.own)), self.new_key())
            now = self.read()
        self.is_put_back = now == self.own
        return self.is_put_back

    def _count(self, wanted: int, most: int) -> None:
        if not self.is_known or self.made + wanted > most:
            raise NoWritesLeft(f"the bound of {self._most} writes is reached")
        self.made += wanted
        self.is_put_back, self.is_under_way = False, True

    def _ended(self, seen: Seen) -> Seen:
        # Without an answer it may still be applied.
        self.is_under_way = seen.status == 0
        return seen
