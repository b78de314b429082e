"""The item that is not there: what is sent to it changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from legacy_client.calls import Update

if TYPE_CHECKING:
    from collections.abc import Mapping

    from legacy_client.single.calls import SingleCalls
    from legacy_client.single.line import Line
    from legacy_client.single.seen import Seen


class ItemIsThere(Exception):
    """The core knows the id, so nothing more may be sent to it."""


class MissingItem:
    """Without ``fields`` an update could change nothing even if the item were there.

    ``is_shown``: the core shows it. ``taken``: the answer by which the core took an update of it.
    """

    def __init__(self, calls: SingleCalls, item_id: str, run: str) -> None:
        self._calls = calls
        self._id = item_id
        self._key = f"check-{run}"
        self.is_shown = calls.look(Update.of(item_id, {})).is_success
        self.taken: Seen | None = None

    def update(self, fields: Mapping[str, Any] | None = None, *, credentials: Mapping[str, str] | None = None) -> Seen:
        """``credentials`` instead of the gateway's own. Raises ItemIsThere."""
        call = self._call(fields)
        return self._judged(self._calls.update(call, self._key, credentials=credentials))

    def headers(self) -> Mapping[str, str]:
        """Of its updates, without credentials."""
        request = self._calls.request(self._call(None), self._key, credentials={})
        return {name: str(value) for name, value in request.headers.items()}

    def ask_over(self, line: Line) -> Seen:
        """Raises ItemIsThere, and NotSent without credentials."""
        call = self._call(None)
        return self._judged(line.ask(self._calls.request(call, self._key), self._calls.expected_id(call)))

    def _call(self, fields: Mapping[str, Any] | None) -> Update:
        if self.is_shown or self.taken is not None:
            raise ItemIsThere
        return Update.of(self._id, fields or {})

    def _judged(self, seen: Seen) -> Seen:
        # Whatever the credentials were.
        if seen.is_success:
            self.taken = seen
        return seen
