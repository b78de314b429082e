"""What the core is asked, in the core's words. Frozen shapes; nothing here sends anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from legacy_client.deadline import Deadline

Call_co = TypeVar("Call_co", covariant=True)


class ActionUpdate(NamedTuple):
    """``PATCH /actions/{id}``: ``id`` in digits, ``fields`` by legacy name, JSON-ready."""

    id: str
    fields: dict[str, object]


class IntegrationActionReplacement(NamedTuple):
    """``PUT /integrations/{integration_id}/actions/{action_id}``: both UUIDs, ``fields`` by legacy name."""

    integration_id: str
    action_id: str
    fields: dict[str, object]


class Calls(Protocol[Call_co]):
    """The calls of one batch; a list is one. Each is asked for when it is about to leave, again for a retry.

    Whatever is raised instead of a call fails that call alone, as Unsendable.
    """

    def __len__(self) -> int:
        """How many there are."""
        ...

    def __getitem__(self, index: int, /) -> Call_co:
        """The call at ``index``."""
        ...


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
