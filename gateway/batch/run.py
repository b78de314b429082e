"""Run a batch: translate, fan out, translate back. Nothing here raises for an item; every item ends in an outcome."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from gateway.batch import item_errors
from gateway.batch.outcome import Applied
from legacy_client.calls import ActionUpdate
from legacy_client.errors import CoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gateway.batch.outcome import Outcome
    from gateway.resources.translate import ActionTranslation
    from legacy_client.calls import CallContext

_log = logging.getLogger(__name__)


class Core(Protocol):
    """What a batch needs of the legacy client."""

    def update_actions(
        self, updates: Sequence[ActionUpdate], context: CallContext
    ) -> Iterator[tuple[int, dict[str, object] | CoreError]]:
        """One final result per update, by index, as they finish."""
        ...


class BatchRunner:
    """Sends validated items to the core and keeps each one accounted for."""

    def __init__(self, core: Core, translation: ActionTranslation) -> None:
        self._core = core
        self._translation = translation

    def update(self, item: Mapping[str, Any]) -> ActionUpdate:
        """The item in the core's words; one that cannot be put so has no body, and ends as a fault of ours."""
        action_id = item["actionId"]
        try:
            return ActionUpdate.of(action_id, self._translation.to_legacy(item))
        except Exception:  # noqa: BLE001 -- the others of its batch go on
            _log.exception("item_untranslatable", extra={"action_id": action_id})
            return ActionUpdate(action_id, b"")

    def stream(self, updates: Sequence[ActionUpdate], context: CallContext) -> Iterator[tuple[int, Outcome]]:
        """``(index, outcome)`` for each update exactly once, as they finish."""
        missing = dict.fromkeys(range(len(updates)))
        try:
            for index, result in self._core.update_actions(updates, context):
                del missing[index]
                yield index, self._outcome(updates[index], result)
        except Exception:  # noqa: BLE001 -- what was sent before the fault must still be reported
            _log.exception("batch_failed", extra={"unaccounted": len(missing)})
        for index in missing:
            yield index, item_errors.internal(updates[index].id, Applied.UNKNOWN)

    def _outcome(self, update: ActionUpdate, result: dict[str, object] | CoreError) -> Outcome:
        if isinstance(result, CoreError):
            return item_errors.from_core(result, update.id, self._translation.errors_to_public)
        try:
            # Where the core sent no body, the action is shown as it was submitted.
            action = self._translation.from_legacy(update.id, result or orjson.loads(update.body))
            # A copy of just its size, as in ActionUpdate.of.
            return b"%b" % orjson.dumps(action)
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
            _log.warning("core_answer_untranslatable", extra={"action_id": update.id})
            return item_errors.unreadable(update.id)
