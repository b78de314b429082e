"""Run a batch: translate, fan out, translate back. Nothing here raises for an item; every item ends in an outcome."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gateway import item_errors
from gateway.outcome import Applied
from legacy_client.calls import ActionUpdate
from legacy_client.errors import CoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gateway.outcome import Outcome
    from gateway.translate import ActionTranslation
    from legacy_client.calls import CallContext, Calls

    Item = Mapping[str, object]

_log = logging.getLogger(__name__)


class Core(Protocol):
    """What a batch needs of the legacy client."""

    def update_actions(
        self, updates: Calls[ActionUpdate], context: CallContext
    ) -> Iterator[tuple[int, dict[str, object] | CoreError]]:
        """One final result per update, by index, as they finish."""
        ...


class BatchRunner:
    """Sends validated items to the core and keeps each one accounted for."""

    def __init__(self, core: Core, translation: ActionTranslation) -> None:
        self._core = core
        self._translation = translation

    def stream(self, items: Sequence[Item], context: CallContext) -> Iterator[tuple[int, Outcome]]:
        """``(index, outcome)`` for each item exactly once, as they finish."""
        missing = dict.fromkeys(range(len(items)))
        try:
            for index, result in self._core.update_actions(_Updates(items, self._translation), context):
                del missing[index]
                yield index, self._outcome(items[index], result)
        except Exception:  # noqa: BLE001 -- what was sent before the fault must still be reported
            _log.exception("batch_failed", extra={"unaccounted": len(missing)})
        for index in missing:
            yield index, item_errors.internal(items[index]["actionId"], Applied.UNKNOWN)

    def _outcome(self, item: Item, result: dict[str, object] | CoreError) -> Outcome:
        if isinstance(result, CoreError):
            return item_errors.from_core(result, item["actionId"], self._translation.errors_to_public)
        if not result:
            return dict(item)
        try:
            return self._translation.from_legacy(str(item["actionId"]), result)
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
            _log.warning("core_answer_untranslatable", extra={"action_id": item["actionId"]})
            return item_errors.unreadable(item["actionId"])


@dataclass(frozen=True, slots=True)
class _Updates:
    """The items in the core's words, each translated when it is about to leave."""

    items: Sequence[Item]
    translation: ActionTranslation

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int, /) -> ActionUpdate:
        item = self.items[index]
        return ActionUpdate(str(item["actionId"]), self.translation.to_legacy(item))
