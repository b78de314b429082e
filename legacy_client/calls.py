"""What the core is asked, in the core's words. Frozen shapes; nothing here sends anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from legacy_client.deadline import Deadline


class Update(NamedTuple):
    """A change of one thing: its ``id`` as text, ``body`` a JSON object of fields by legacy name.

    A batch is held in this form until it has left: a tenth of what its fields take as objects.
    """

    id: str
    body: bytes

    @classmethod
    def of(cls, item_id: str, fields: Mapping[str, object]) -> Update:
        """The update of ``fields``. Raises TypeError for what JSON cannot carry."""
        # A copy of just its size: what orjson gives keeps the buffer that it was written in, of 4 KiB and more.
        return cls(item_id, b"%b" % orjson.dumps(fields))


class IntegrationActionReplacement(NamedTuple):
    """``PUT /integrations/{integration_id}/actions/{action_id}``: both UUIDs, ``fields`` by legacy name."""

    integration_id: str
    action_id: str
    fields: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """What all calls of one batch share.

    ``owner`` is whose turn it is when several batches wait. ``authorization`` is the caller's Authorization value, for
    the credential that forwards it. The key of a call is ``idempotency_prefix`` + ``-`` + its id, the same over its
    retries. ``before_send(position)`` is called in order, right before a call can leave.
    """

    deadline: Deadline
    concurrency: int = 32
    owner: str = ""
    request_id: str = ""
    traceparent: str = ""
    authorization: str = ""
    idempotency_prefix: str = ""
    before_send: Callable[[int], None] | None = None
